import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { AlarmTarget, Threshold } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useThreshold() {
  return useQuery({
    queryKey: ["threshold"],
    queryFn: ({ signal }) => http.get<Threshold>("threshold", signal),
    refetchInterval: 15_000,
  });
}

/** Nothing asked for: what the configuration says. */
export function useSetTarget() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (target: Partial<AlarmTarget>) => http.put<Threshold>("threshold", target),
    onSuccess: (threshold) => {
      queries.setQueryData(["threshold"], threshold);
      return queries.invalidateQueries({ queryKey: ["preview"] });
    },
  });
}
