/** A service for tests of pages: answers by method and path, and remembers what it was asked. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import type { Role } from "@/lib/api-types";
import { SessionContext } from "@/lib/session";

export type Told = { status: number; body?: unknown };

export const ok = (body: unknown): Told => ({ status: 200, body });
export const page = (...items: unknown[]): Told => ok({ items, next: "" });
export const problem = (status: number, detail: string): Told => ({ status, body: { title: "Problem", status, detail } });

export interface Service {
  /** By "GET incidents?limit=50", or without the query for any. */
  answers: Record<string, Told>;
  asked: { what: string; body: unknown }[];
  /** The bodies of one kind of request, in order. */
  bodies: (what: string) => unknown[];
}

export function serve(answers: Record<string, Told>): Service {
  const asked: Service["asked"] = [];
  const service: Service = { answers, asked, bodies: (what) => asked.filter((one) => one.what === what).map((one) => one.body) };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const what = `${init.method ?? "GET"} ${path.replace("api/v1/", "")}`;
    asked.push({ what, body: init.body ? JSON.parse(String(init.body)) : undefined });
    const answer = service.answers[what] ?? service.answers[what.split("?")[0]!] ?? problem(500, `nobody expected ${what}`);
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status });
  });
  return service;
}

export function open(children: ReactNode, role: Role = "admin") {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <SessionContext value={{ me: { user: "anna", role }, signOut: () => undefined }}>{children}</SessionContext>
    </QueryClientProvider>,
  );
}
