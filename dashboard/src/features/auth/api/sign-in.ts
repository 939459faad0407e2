import { useMutation } from "@tanstack/react-query";
import type { Me } from "@/lib/api-types";
import { http } from "@/lib/http";

export interface Credentials {
  user: string;
  password: string;
}

export function useSignIn(onSignedIn: (me: Me) => void) {
  return useMutation({
    mutationFn: (credentials: Credentials) => http.post<Me>("login", credentials),
    onSuccess: onSignedIn,
  });
}
