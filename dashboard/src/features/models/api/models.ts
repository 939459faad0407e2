import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Items, Model } from "@/lib/api-types";
import { http } from "@/lib/http";

export function useModels() {
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => http.get<Items<Model>>("models", signal),
    select: (page) => page.items,
  });
}

function useFreshModels() {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["models"] }),
      queries.invalidateQueries({ queryKey: ["status"] }),
    ]);
}

export function useActivate() {
  const onSuccess = useFreshModels();
  return useMutation({
    mutationFn: (id: string) => http.post<unknown>(`models/${encodeURIComponent(id)}/activate`),
    onSuccess,
  });
}

export function useUpload() {
  const onSuccess = useFreshModels();
  return useMutation({ mutationFn: (file: File) => http.upload<unknown>("models", file), onSuccess });
}
