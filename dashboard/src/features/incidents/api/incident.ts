import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { AlertMark, Incident } from "@/lib/api-types";
import { http } from "@/lib/http";

const path = (id: string) => `incidents/${encodeURIComponent(id)}`;

export function useIncident(id: string) {
  return useQuery({
    queryKey: ["incidents", "one", id],
    queryFn: ({ signal }) => http.get<Incident>(path(id), signal),
    refetchInterval: 10_000,
  });
}

/** What is said of an incident is said of its alerts too. */
export function useMarkIncident(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mark: AlertMark) => http.post<Incident>(path(id), mark),
    onSuccess: (incident) => {
      queries.setQueryData(["incidents", "one", id], incident);
      return Promise.all(["incidents", "alerts"].map((name) => queries.invalidateQueries({ queryKey: [name] })));
    },
  });
}
