import type { FormEvent } from "react";
import { Mark } from "@/components/Icon";
import type { Me } from "@/lib/api-types";
import { seconds } from "@/lib/format";
import { ApiError } from "@/lib/http";
import { useSignIn } from "../api/sign-in";

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return "User or password is wrong.";
  if (error.status === 429) {
    const wait = error.retryAfter === undefined ? "a few minutes" : seconds(error.retryAfter);
    return `Too many failed attempts. Try again in ${wait}.`;
  }
  return error.message;
}

export function SignIn({ onSignedIn }: { onSignedIn: (me: Me) => void }) {
  const signIn = useSignIn(onSignedIn);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ user: String(form.get("user")), password: String(form.get("password")) });
  };
  return (
    <main className="signin">
      <form className="signin-card" onSubmit={submit} aria-labelledby="signin-title">
        <div className="stack tight">
          <span className="brand"><Mark size={30} /> Vedette</span>
          <h1 id="signin-title" className="visually-hidden">Sign in to Vedette</h1>
          <p className="soft">Sign in to watch your fleet.</p>
        </div>
        <label className="field">
          <span>User</span>
          <input className="input" name="user" autoComplete="username" required autoFocus autoCapitalize="none" spellCheck={false} />
        </label>
        <label className="field">
          <span>Password</span>
          <input className="input" name="password" type="password" autoComplete="current-password" required />
        </label>
        {signIn.isError && <p className="note alarm" role="alert">{explain(signIn.error)}</p>}
        <button type="submit" className="button primary" disabled={signIn.isPending}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
