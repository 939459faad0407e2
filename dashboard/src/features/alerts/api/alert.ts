import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Alert, AlertMark } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useAlert(id: string) {
  return useQuery({
    queryKey: ["alerts", "one", id],
    queryFn: ({ signal }) => http.get<Alert>(`alerts/${encodeURIComponent(id)}`, signal),
    refetchInterval: 10_000,
  });
}

export function useMarkAlert(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mark: AlertMark) => http.post<Alert>(`alerts/${encodeURIComponent(id)}`, mark),
    onSuccess: (alert) => {
      queries.setQueryData(["alerts", "one", id], alert);
      void queries.invalidateQueries({ queryKey: ["alerts"] });
    },
  });
}
