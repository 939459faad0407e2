/** Who is signed in; given by app/ to every page. */
import { createContext, useContext } from "react";
import type { Me } from "./api-types";

export interface Session {
  me: Me;
  signOut: () => void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession() is for pages behind the sign-in.");
  return session;
}

export function useIsAdmin(): boolean {
  return useSession().me.role === "admin";
}
