import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { AlarmTarget, Threshold } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useThreshold() {
  return useQuery({
    queryKey: ["threshold"],
    queryFn: ({ signal }) => http.get<Threshold>("threshold", signal),
    refetchInterval: 15_000,
  });
}

/** What a target would lead to; null asks nothing. */
export function useWouldBe(target: Partial<AlarmTarget> | null) {
  const asked = Object.entries(target ?? {}).map(([name, value]) => `${name}=${value}`).join("&");
  return useQuery({
    queryKey: ["threshold", asked],
    queryFn: ({ signal }) => http.get<Threshold>(`threshold?${asked}`, signal),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
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
