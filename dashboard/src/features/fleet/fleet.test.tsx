import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Role, Scoreboard, Simulation } from "@/lib/api-types";
import { SessionContext } from "@/lib/session";
import { at, causeScore, detector, running, scoreboard, scored, simulation } from "@/test-data";
import { CauseTable } from "./components/CauseTable";
import { Detectors } from "./components/Detectors";
import { FleetPage } from "./components/FleetPage";
import { Lanes } from "./components/Lanes";
import { Result } from "./components/Result";
import { lanesOf } from "./api/score";

type Answer = { status: number; body?: unknown };
/** What the service answers to "GET simulation"; a test changes what it is about. */
let answers: Record<string, Answer>;
const asked = vi.fn<(what: string, body: unknown) => void>();

const problem = (status: number, detail: string): Answer => ({ status, body: { title: "Problem", status, detail } });

beforeEach(() => {
  asked.mockReset();
  answers = { "GET simulation": { status: 200, body: simulation() }, "GET scoreboard": { status: 200, body: scoreboard() } };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const what = `${init.method ?? "GET"} ${path.replace("api/v1/", "")}`;
    asked(what, init.body ? JSON.parse(String(init.body)) : undefined);
    const answer = answers[what] ?? problem(500, `nobody expected ${what}`);
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status });
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function all(children: React.ReactNode, role: Role = "admin") {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return (
    <QueryClientProvider client={client}>
      <SessionContext value={{ me: { user: "anna", role }, signOut: () => undefined }}>{children}</SessionContext>
    </QueryClientProvider>
  );
}
const open = (role?: Role) => render(all(<FleetPage />, role));
const count = (what: string) => asked.mock.calls.filter(([one]) => one === what).length;

describe("starting", () => {
  it("asks for the kind on any device, and says which episode it is", async () => {
    answers["POST simulation/episodes"] = { status: 201, body: { number: 12 } };
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Start UDP flood" }));
    expect(await screen.findByText("Started as episode 12.")).toBeTruthy();
    expect(asked).toHaveBeenCalledWith("POST simulation/episodes", { kind: "udp_flood", length_seconds: 30, intensity: 1 });
    await waitFor(() => expect(count("GET simulation")).toBe(2));
  });
  it("sends the chosen device, length and intensity", async () => {
    answers["POST simulation/episodes"] = { status: 201, body: { number: 1 } };
    open();
    fireEvent.change(await screen.findByLabelText("Device"), { target: { value: "pump-01" } });
    fireEvent.change(screen.getByLabelText("Length in seconds"), { target: { value: "45" } });
    fireEvent.change(screen.getByRole("slider"), { target: { value: "2.5" } });
    expect(screen.getByText("2.5×")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Sensor faults" }));
    fireEvent.click(screen.getByRole("button", { name: "Start Drift" }));
    await waitFor(() => expect(asked).toHaveBeenCalledWith("POST simulation/episodes", { kind: "drift", device: "pump-01", length_seconds: 45, intensity: 2.5 }));
  });
  it("offers what has no label of its own, and counts how often it was found", async () => {
    const kinds = [{ name: "mirai", label: "", fault: false, meaning: "a chain" }];
    answers["GET simulation"] = { status: 200, body: simulation({ kinds }) };
    const episodes = [scored({ cause: "mirai" }), scored({ cause: "mirai", number: 2, flagged: 0, time_to_detect_seconds: null }), scored()];
    answers["GET scoreboard"] = { status: 200, body: scoreboard({ episodes }) };
    open();
    const card = await screen.findByTestId("kind");
    expect(card.querySelector(".badge")).toBeNull();
    expect(card.textContent).toContain("1 of 2 found");
  });
  it("shows a refusal on the card it belongs to", async () => {
    answers["POST simulation/episodes"] = problem(409, "pump-01 is already in an episode");
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Start UDP flood" }));
    const error = await screen.findByRole("alert");
    expect(error.textContent).toBe("pump-01 is already in an episode");
    expect(error.closest("[data-kind]")?.getAttribute("data-kind")).toBe("udp_flood");
  });
  it("does not ask for a length that cannot be", async () => {
    open();
    fireEvent.change(await screen.findByLabelText("Length in seconds"), { target: { value: "0" } });
    expect(screen.getByRole("alert").textContent).toContain("1 to 86,400 seconds");
    expect(screen.getByRole("button", { name: "Start UDP flood" })).toHaveProperty("disabled", true);
  });
  it("lets one of a large fleet be found by typing", async () => {
    const devices = Array.from({ length: 5_000 }, (_, i) => `camera-${String(i).padStart(4, "0")}`);
    answers["GET simulation"] = { status: 200, body: simulation({ devices }) };
    const { container } = open();
    const box = await screen.findByLabelText("Device");
    expect(container.querySelectorAll("datalist option")).toHaveLength(50);
    fireEvent.change(box, { target: { value: "499" } });
    expect([...container.querySelectorAll("datalist option")].map((one) => one.getAttribute("value"))).toContain("camera-4990");
  });
});

describe("what runs", () => {
  const two = [running(), running({ number: 2, device: "pump-01", kind: "drift" })];
  beforeEach(() => {
    answers["GET simulation"] = { status: 200, body: simulation({ episodes: two }) };
  });
  it("counts down in the fleet's time and links to the device", async () => {
    vi.useFakeTimers();
    open();
    await act(() => vi.advanceTimersByTimeAsync(100));
    const row = screen.getAllByTestId("running")[0]!;
    expect(within(row).getByText("30 s left")).toBeTruthy();
    await act(() => vi.advanceTimersByTimeAsync(1_500));
    expect(within(row).getByText("29 s left")).toBeTruthy();
    expect(within(row).getByRole("link").getAttribute("href")).toBe("#/devices/camera-01");
  });
  it("marks its card", async () => {
    open();
    expect((await screen.findByTestId("kind")).textContent).toContain("running");
  });
  it("is stopped by device", async () => {
    answers["DELETE simulation/episodes?device=pump-01"] = { status: 200, body: { stopped: 1 } };
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Stop Drift on pump-01" }));
    await waitFor(() => expect(count("DELETE simulation/episodes?device=pump-01")).toBe(1));
    await waitFor(() => expect(count("GET simulation")).toBe(2));
  });
  it("is stopped altogether", async () => {
    answers["DELETE simulation/episodes"] = { status: 200, body: { stopped: 2 } };
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Stop all" }));
    await waitFor(() => expect(count("DELETE simulation/episodes")).toBe(1));
  });
  it("says where it could not be stopped", async () => {
    answers["DELETE simulation/episodes?device=camera-01"] = problem(503, "the fleet does not answer");
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Stop UDP flood on camera-01" }));
    const error = await screen.findByText("the fleet does not answer");
    expect(error.closest("[data-number]")?.getAttribute("data-number")).toBe("1");
  });
});

describe("a viewer", () => {
  it("sees everything and changes nothing", async () => {
    answers["GET simulation"] = { status: 200, body: simulation({ episodes: [running()] }) };
    open("viewer");
    expect((await screen.findByTestId("running")).textContent).toContain("UDP flood");
    expect(screen.getByText("datagrams to one victim")).toBeTruthy();
    expect(screen.queryAllByRole("button", { name: /Start|Stop|Reset/ })).toEqual([]);
    expect(screen.getByText(/signed in as a viewer/)).toBeTruthy();
  });
});

describe("the page", () => {
  const off: Answer = { status: 200, body: scoreboard({ enabled: false }) };
  const absent = problem(404, "this service runs no fleet");
  it("explains itself where there is neither", async () => {
    answers = { "GET simulation": absent, "GET scoreboard": off };
    open();
    expect(await screen.findByText("No simulated fleet here")).toBeTruthy();
  });
  it("starts attacks without a scoreboard, and says why there is none", async () => {
    answers["GET scoreboard"] = off;
    open();
    expect(await screen.findByText("The scoreboard is off")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Start UDP flood" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Reset/ })).toBeNull();
  });
  it("shows the scoreboard of a fleet that another program simulates", async () => {
    answers["GET simulation"] = absent;
    open();
    expect(await screen.findByText(/runs no fleet itself/)).toBeTruthy();
    expect(screen.queryByText("Running now")).toBeNull();
  });
  it("keeps one half when the other fails", async () => {
    answers["GET scoreboard"] = problem(500, "the scoreboard broke");
    open();
    expect(await screen.findByText("the scoreboard broke")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Start UDP flood" })).toBeTruthy();
  });
  it("asks again every two seconds, and says when numbers stand still", async () => {
    vi.useFakeTimers();
    open();
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(count("GET scoreboard")).toBe(1);
    await act(() => vi.advanceTimersByTimeAsync(4_100));
    expect([count("GET scoreboard"), count("GET simulation")]).toEqual([3, 3]);
    answers["GET scoreboard"] = problem(503, "too busy");
    await act(() => vi.advanceTimersByTimeAsync(2_100));
    expect(screen.getByText("These numbers stand still: too busy")).toBeTruthy();
    expect(screen.getByText("Nothing to find yet")).toBeTruthy();
  });
  it("does not ask again for a fleet that is not there", async () => {
    vi.useFakeTimers();
    answers["GET simulation"] = absent;
    open();
    await act(() => vi.advanceTimersByTimeAsync(6_500));
    expect([count("GET simulation"), count("GET scoreboard")]).toEqual([1, 4]);
  });
  it("resets the scoreboard after asking once more", async () => {
    answers["POST scoreboard/reset"] = { status: 204 };
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Reset the scoreboard" }));
    expect(count("POST scoreboard/reset")).toBe(0);
    fireEvent.click(screen.getByRole("button", { name: "Forget all results" }));
    await waitFor(() => expect(count("GET scoreboard")).toBe(2));
    expect(count("POST scoreboard/reset")).toBe(1);
  });
});

describe("the result", () => {
  const show = (board: Scoreboard, fleet: Simulation | null = null) => all(<Result board={board} fleet={fleet} />);
  const missed = scored({ number: 2, device: "pump-01", flagged: 0, time_to_detect_seconds: null });
  it("says how many were found and how fast", () => {
    render(show(scoreboard({ episodes: [missed, scored()] })));
    expect(screen.getByTestId("headline").textContent).toBe("1 of 2 found, median 3.2 s");
    expect(screen.getByText("slowest 3.2 s")).toBeTruthy();
  });
  it("gives no time when nothing was found", () => {
    render(show(scoreboard({ episodes: [missed] })));
    expect(screen.getByTestId("headline").textContent).toBe("0 of 1 found");
  });
  it("shows what is undefined as –, never as 0", () => {
    const { container } = render(show(scoreboard()));
    expect([...container.querySelectorAll(".tile .value")].map((one) => one.textContent)).toEqual(["–", "–", "–"]);
  });
  it("shows the totals with their counts", () => {
    const detectors = [detector({ true_positives: 90, false_negatives: 10, false_positives: 10, true_negatives: 990 })];
    const { container } = render(show(scoreboard({ detectors })));
    expect([...container.querySelectorAll(".tile")].map((one) => one.textContent)).toEqual([
      "Recall90.0 %90 of 100 flagged", "Precision90.0 %90 of 100 right", "False-positive rate1.0 %10 of 1,000 benign",
    ]);
  });
  it("reads new results aloud, but not those of before", () => {
    const { rerender, container } = render(show(scoreboard({ episodes: [missed] })));
    const live = () => container.querySelector("[aria-live=polite]")?.textContent;
    expect(live()).toBe("");
    rerender(show(scoreboard({ episodes: [missed, scored()] })));
    expect(live()).toBe("UDP flood on camera-01 found after 3.2 s.");
    rerender(show(scoreboard({ episodes: [missed, scored({ records: 120 })] })));
    expect(live()).toBe("UDP flood on camera-01 found after 3.2 s.");
    rerender(show(scoreboard({ since: at(100) })));
    expect(live()).toBe("");
  });
});

describe("the table of attacks and faults", () => {
  it("shows – where nothing defines a number", () => {
    render(<CauseTable causes={[causeScore({ records: 8, recall: 0, episodes: 1 })]} />);
    const cells = within(screen.getByTestId("cause")).getAllByRole("cell");
    expect(cells[1]!.textContent).toContain("0 %");
    expect(cells[2]!.textContent).toBe("–");
    expect(cells[4]!.textContent).toBe("–");
  });
  it("shows counts, ratios and delays", () => {
    render(<CauseTable causes={[causeScore({
      records: 502, flagged: 412, recall: 412 / 502, named: 400, precision: 0.985, episodes: 4, episodes_detected: 3,
      time_to_detect: { median_seconds: 3.21, max_seconds: 14.2 },
    })]} />);
    const cells = within(screen.getByTestId("cause")).getAllByRole("cell").map((one) => one.textContent);
    expect(cells[1]).toContain("82.1 %412 of 502");
    expect(cells[2]).toBe("98.5 %");
    expect(cells[3]).toContain("3 of 4");
    expect(cells[4]).toBe("3.2 slongest 14 s");
  });
  it("names the cause once for all of its detectors", () => {
    render(<CauseTable causes={[causeScore({ detector: "tree" }), causeScore({ detector: "quarantine" })]} />);
    expect(screen.getAllByText("UDP flood")).toHaveLength(1);
    expect(screen.getAllByTestId("cause")).toHaveLength(2);
  });
  it("explains an empty table", () => {
    render(<CauseTable causes={[]} />);
    expect(screen.getByText(/has been judged yet/)).toBeTruthy();
  });
});

describe("detectors", () => {
  it("are named, and what is no model is explained", () => {
    render(<Detectors board={scoreboard({ detectors: [detector(), detector({ model: "quarantine", records: 1 })] })} />);
    const [tree, quarantine] = screen.getAllByTestId("detector");
    expect(within(tree!).getAllByText("–")).toHaveLength(3);
    expect(quarantine!.textContent).toContain("could not be read");
    expect(quarantine!.textContent).toContain("1 record");
  });
  it("warn when halves were dropped", () => {
    const records = { joined: 5, waiting_truth: 0, waiting_verdict: 0, dropped: 1, bad_lines: 0 };
    const { rerender } = render(<Detectors board={scoreboard()} />);
    expect(screen.queryByText(/Not counted/)).toBeNull();
    rerender(<Detectors board={scoreboard({ records })} />);
    expect(screen.getByText(/Not counted: 1 half .* 0 lines/)).toBeTruthy();
  });
});

describe("the lanes", () => {
  it("lead to the device and say the fate in words", () => {
    render(<Lanes lanes={lanesOf([scored({ device: "a/b" })], [], "")} />);
    const lane = screen.getByTestId("lane");
    expect(lane.getAttribute("href")).toBe("#/devices/a%2Fb");
    expect(lane.textContent).toContain("found after 3.2 s");
    expect(lane.textContent).toContain("Episode 1, lasted 30 s; 80 of 100 records flagged by tree-00000001");
  });
  it("show the newest, and all when asked", () => {
    const many = Array.from({ length: 20 }, (_, i) => scored({ number: 20 - i }));
    render(<Lanes lanes={lanesOf(many, [], "")} />);
    expect(screen.getAllByTestId("lane")).toHaveLength(12);
    fireEvent.click(screen.getByRole("button", { name: "Show all 20" }));
    expect(screen.getAllByTestId("lane")).toHaveLength(20);
  });
  it("explain their absence", () => {
    render(<Lanes lanes={[]} />);
    expect(screen.getByText("Nothing has happened yet")).toBeTruthy();
  });
});
