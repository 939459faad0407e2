import { useQuery } from "@tanstack/react-query";
import type { Verdict } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useVerdict(id: string) {
  return useQuery({
    queryKey: ["verdict", id],
    queryFn: ({ signal }) => http.get<Verdict>(`verdicts/${encodeURIComponent(id)}`, signal),
    staleTime: Infinity, // a verdict never changes
  });
}
