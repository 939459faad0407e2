import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Exclusion, Items, NewExclusion } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useExclusions() {
  return useQuery({
    queryKey: ["exclusions"],
    queryFn: ({ signal }) => http.get<Items<Exclusion>>("exclusions", signal),
    refetchInterval: 15_000,
    select: (page) => page.items,
  });
}

/** Another exclusion is another past: what was previewed no longer holds. */
function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(["exclusions", "preview"].map((name) => queries.invalidateQueries({ queryKey: [name] }))),
  });
}

export const useCreateExclusion = () =>
  useChange((exclusion: NewExclusion) => http.post<Exclusion>("exclusions", exclusion));
export const useDeleteExclusion = () =>
  useChange((id: number) => http.remove<void>(`exclusions/${id}`));
