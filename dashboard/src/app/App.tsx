import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { Failed } from "@/components/States";
import { SignIn } from "@/features/auth";
import type { Me } from "@/lib/api-types";
import { ApiError, http, onUnauthorised } from "@/lib/http";
import { live } from "@/lib/live";
import { SessionContext } from "@/lib/session";
import { Shell } from "./Shell";

const worthRetrying = (error: unknown) => !(error instanceof ApiError) || error.status === 0 || error.status >= 500;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 2 && worthRetrying(error),
    },
  },
});

/** null: nobody is signed in. */
async function whoAmI(): Promise<Me | null> {
  try {
    return await http.get<Me>("me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

function Gate() {
  const queries = useQueryClient();
  const me = useQuery({ queryKey: ["me"], queryFn: whoAmI, staleTime: Infinity });
  const signedIn = useCallback((user: Me) => queries.setQueryData(["me"], user), [queries]);

  const leave = useCallback(() => {
    live.stop();
    queries.clear();
    queries.setQueryData(["me"], null);
  }, [queries]);
  useEffect(() => onUnauthorised(() => {
    if (queries.getQueryData(["me"])) leave();
  }), [queries, leave]);

  const user = me.data;
  useEffect(() => {
    if (!user) return;
    live.start();
    return () => live.stop();
  }, [user]);

  const session = useMemo(
    () => user && { me: user, signOut: () => void http.post("logout").finally(leave) },
    [user, leave],
  );
  if (me.isPending) return null;
  if (me.isError) {
    return (
      <main className="signin">
        <div className="signin-card"><Failed error={me.error} retry={() => void me.refetch()} /></div>
      </main>
    );
  }
  if (!session) return <SignIn onSignedIn={signedIn} />;
  return (
    <SessionContext value={session}>
      <Shell />
    </SessionContext>
  );
}

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Gate />
    </QueryClientProvider>
  );
}
