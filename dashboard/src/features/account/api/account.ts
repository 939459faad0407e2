import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { AuditEntry, Items, NewToken, Role, Token, User } from "@/lib/api-types";
import { http } from "@/lib/http";

function useItems<T>(key: string, path: string) {
  return useQuery({
    queryKey: [key],
    queryFn: ({ signal }) => http.get<Items<T>>(path, signal),
    select: (page) => page.items,
  });
}

export const useTokens = () => useItems<Token>("tokens", "tokens");
export const useUsers = () => useItems<User>("users", "users");
export const useAudit = () => useItems<AuditEntry>("audit", "audit?limit=50");

/** Does, then asks for the list again. */
function useChange<Input, Output>(key: string, change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all([key, "audit"].map((name) => queries.invalidateQueries({ queryKey: [name] }))),
  });
}

export const useCreateToken = () =>
  useChange("tokens", (token: { name: string; days: number }) => http.post<NewToken>("tokens", token));
export const useDeleteToken = () =>
  useChange("tokens", (name: string) => http.remove<void>(`tokens/${encodeURIComponent(name)}`));
export const usePutUser = () =>
  useChange("users", (user: { name: string; password: string; role: Role }) => http.post<unknown>("users", user));
export const useDeleteUser = () =>
  useChange("users", (name: string) => http.remove<void>(`users/${encodeURIComponent(name)}`));
