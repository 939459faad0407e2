import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { scoreboard, simulation } from "@/test-data";
import { useFleetIsThere } from "./queries";

function Probe() {
  return <p>{useFleetIsThere() ? "there" : "not there"}</p>;
}

const absent = () => new Response('{"title":"Not Found","status":404}', { status: 404 });
const json = (body: unknown) => () => new Response(JSON.stringify(body));

describe("the fleet is in the menu", () => {
  it.each([
    ["with a fleet and no scoreboard", json(simulation()), json(scoreboard({ enabled: false })), "there"],
    ["with a scoreboard and no fleet", absent, json(scoreboard()), "there"],
    ["not with neither", absent, json(scoreboard({ enabled: false })), "not there"],
    ["not of a service that knows of neither", absent, absent, "not there"],
  ])("%s", async (_what, fleet, board, expected) => {
    const answer = vi.fn(async (path: string) => (path.endsWith("simulation") ? fleet() : board()));
    vi.stubGlobal("fetch", answer);
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    render(<QueryClientProvider client={client}><Probe /></QueryClientProvider>);
    await waitFor(() => expect([answer.mock.calls.length, client.isFetching()]).toEqual([2, 0]));
    expect(client.getQueryCache().getAll().map((query) => query.state.status)).toEqual(["success", "success"]);
    expect(screen.getByText(expected)).toBeTruthy();
  });
});
