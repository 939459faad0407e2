import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Threshold } from "@/lib/api-types";
import { at, preview, threshold, working } from "@/test-data";
import { ok, open, problem, serve } from "@/test-service";
import type { Service } from "@/test-service";
import { asSentence, formOf, placeOf, readTarget, sliders, targetOf, targetText, thresholdText, valueAt } from "./api/target";
import { SensitivityPage } from "./components/SensitivityPage";
import { readThreshold } from "./components/TryOut";

const asked = (alerts: number | null, rate: number | null, set_by: Threshold["set_by"] = "user") =>
  ({ target: { alerts_per_day: alerts, false_positive_rate: rate }, set_by });

describe("what is asked for", () => {
  it.each([
    ["alerts a day", { mode: "alerts", perDay: "3", oneIn: "" }, { alerts_per_day: 3 }],
    ["less than one a day", { mode: "alerts", perDay: "0.5", oneIn: "" }, { alerts_per_day: 0.5 }],
    ["one false alarm in so many", { mode: "rate", perDay: "", oneIn: "1000" }, { false_positive_rate: 0.001 }],
    ["the highest rate", { mode: "rate", perDay: "", oneIn: "10" }, { false_positive_rate: 0.1 }],
    ["what the configuration says", { mode: "configured", perDay: "x", oneIn: "y" }, {}],
    ["no alerts at all cannot be promised", { mode: "alerts", perDay: "0", oneIn: "" }, null],
    ["more than the service takes", { mode: "alerts", perDay: "1000001", oneIn: "" }, null],
    ["a rate above its bound", { mode: "rate", perDay: "", oneIn: "9" }, null],
    ["words", { mode: "alerts", perDay: "few", oneIn: "" }, null],
    ["nothing", { mode: "alerts", perDay: " ", oneIn: "" }, null],
  ] as const)("%s", (_what, form, expected) => expect(readTarget(form)).toEqual(expected));

  it.each([
    ["alerts", asked(2.5, null), { mode: "alerts", perDay: "2.5", oneIn: "10000" }, { alerts_per_day: 2.5 }, "at most 2.5 alerts a day"],
    ["one alert", asked(1, null), { mode: "alerts", perDay: "1", oneIn: "10000" }, { alerts_per_day: 1 }, "at most 1 alert a day"],
    ["a rate", asked(null, 0.0001), { mode: "rate", perDay: "3", oneIn: "10000" }, { false_positive_rate: 0.0001 }, "one false alarm in 10,000 benign records"],
    ["the configured rate", asked(null, 0.01, "configuration"), { mode: "configured", perDay: "3", oneIn: "100" }, {}, "one false alarm in 100 benign records"],
    ["nothing", asked(null, null, "configuration"), { mode: "configured", perDay: "3", oneIn: "10000" }, {}, "the threshold each model's training chose"],
    ["very many alerts", asked(20_000, null), { mode: "alerts", perDay: "20000", oneIn: "10000" }, { alerts_per_day: 20_000 }, "at most 20,000 alerts a day"],
  ] as const)("comes back: %s", (_what, from, form, target, text) => {
    expect([formOf(from), targetOf(from), targetText(from.target)]).toEqual([form, target, text]);
  });
});

describe("the sliders", () => {
  it.each([["perDay", 0], ["perDay", 37], ["perDay", 100], ["oneIn", 0], ["oneIn", 50], ["oneIn", 100]] as const)("of %s come back to place %d", (name, place) => {
    expect(Math.abs(placeOf(valueAt(place, sliders[name]), sliders[name]) - place)).toBeLessThanOrEqual(1);
  });
  it("end where they say, also for what lies outside", () => {
    expect([valueAt(0, sliders.perDay), valueAt(100, sliders.perDay)]).toEqual([0.1, 1000]);
    expect([placeOf(1e9, sliders.perDay), placeOf(0.001, sliders.perDay)]).toEqual([100, 0]);
  });
});

describe("a threshold", () => {
  it.each([["0.5", 0.5], ["0", 0], ["1", 1], ["1.01", null], ["-0.1", null], ["", null], ["high", null]])("%j", (text, expected) => expect(readThreshold(text)).toBe(expected));
});

describe("a threshold in digits", () => {
  it.each([[0.7, "0.7"], [0.7312000155448914, "0.7312"], [0.9999634, "0.999963"], [1, "1"]])("%d reads %s", (value, expected) => expect(thresholdText(value)).toBe(expected));
});

describe("a guarantee", () => {
  it.each([["on 8 devices", "On 8 devices."], ["Kept!", "Kept!"], ["", ""]])("%j reads %j", (text, expected) => expect(asSentence(text)).toBe(expected));
});

describe("the page", () => {
  let service: Service;
  const known = threshold({
    ...asked(3, null),
    flow: working({
      guarantee: "on 8 devices 1.20 alerts are expected on a benign day", benign_records: 20_000, expected_recall: 0.98, expected_misses: 0.02,
      expected_alerts: { per_day: 1.2, day_low: 0, day_high: 4 }, device_kinds: [{ device_kind: "camera", value: 0.7, raised_by: 0.01 }],
    }),
    raises: [{ time: at(0), expires: at(86_400), model: "tree-00000001", device_kind: "camera", alert: 7, records: 12, amount: 0.01, user: "anna" }],
  });
  beforeEach(() => {
    service = serve({ "GET threshold": ok(known), "POST preview": ok(preview()) });
  });
  const page = (role?: "viewer") => open(<SensitivityPage />, role);

  it("says what is promised, what it misses and what raised it", async () => {
    page();
    const flows = within(await screen.findByTestId("working"));
    expect(flows.getByText("On 8 devices 1.20 alerts are expected on a benign day.")).toBeTruthy();
    expect(flows.getByText("2.0 % of attack records")).toBeTruthy();
    expect(flows.getByText("(0 to 4 on 99 of 100 days)")).toBeTruthy();
    expect(flows.getByText("20,000 benign records")).toBeTruthy();
    expect(flows.getByRole("row", { name: "camera 0.7 +0.01" })).toBeTruthy();
    expect(screen.getByText("No model judges them")).toBeTruthy();
    expect(screen.getByRole("link", { name: "7" }).getAttribute("href")).toBe("#/alerts/7");
  });
  it("says so when nothing is known and nothing can be promised", async () => {
    service.answers["GET threshold"] = ok(threshold({ flow: working({ kept: false, guarantee: "the model's file knows no benign scores" }) }));
    page();
    const flows = within(await screen.findByTestId("working"));
    expect(screen.getByText("cannot be promised")).toBeTruthy();
    expect(flows.getAllByText("not known")).toHaveLength(2);
  });
  it("sets a number of alerts a day and takes it back", async () => {
    service.answers["PUT threshold"] = ok({ ...known, ...asked(12, null) });
    page();
    const box = await screen.findByLabelText("At most so many alerts a day, all devices together");
    expect((box as HTMLInputElement).value).toBe("3");
    fireEvent.change(box, { target: { value: "12" } });
    fireEvent.click(screen.getByRole("button", { name: "Set" }));
    expect(await screen.findByText("at most 12 alerts a day")).toBeTruthy();
    service.answers["PUT threshold"] = ok(known);
    fireEvent.click(await screen.findByRole("button", { name: "Take back" }));
    expect(await screen.findByText("at most 3 alerts a day")).toBeTruthy();
    expect(service.bodies("PUT threshold")).toEqual([{ alerts_per_day: 12 }, { alerts_per_day: 3 }]);
    expect((screen.getByLabelText("At most so many alerts a day, all devices together") as HTMLInputElement).value).toBe("3");
  });
  it("sets a rate by its slider", async () => {
    service.answers["PUT threshold"] = ok({ ...known, ...asked(null, 0.001) });
    page();
    fireEvent.click(await screen.findByRole("button", { name: "False alarms" }));
    fireEvent.change(screen.getByRole("slider", { name: "Records for one false alarm" }), { target: { value: "40" } });
    fireEvent.click(screen.getByRole("button", { name: "Set" }));
    await waitFor(() => expect(service.bodies("PUT threshold")).toEqual([{ false_positive_rate: 1 / 1000 }]));
  });
  it("goes back to the configuration", async () => {
    service.answers["PUT threshold"] = ok(threshold());
    page();
    fireEvent.click(await screen.findByRole("button", { name: "As configured" }));
    fireEvent.click(screen.getByRole("button", { name: "Set" }));
    await waitFor(() => expect(service.bodies("PUT threshold")).toEqual([{}]));
  });
  it("does not send what cannot be", async () => {
    page();
    fireEvent.change(await screen.findByLabelText("At most so many alerts a day, all devices together"), { target: { value: "-1" } });
    expect(screen.getByRole("alert").textContent).toBe("A number from 0.01 to 1,000,000.");
    expect(screen.getByRole("button", { name: "Set" })).toHaveProperty("disabled", true);
  });
  it("says when it was refused", async () => {
    service.answers["PUT threshold"] = problem(503, "the store is closed");
    page();
    fireEvent.click(await screen.findByRole("button", { name: "Set" }));
    expect((await screen.findByRole("alert")).textContent).toBe("the store is closed");
  });
  it("tries a threshold on the past, first the one that works", async () => {
    page();
    await screen.findByTestId("preview");
    fireEvent.change(screen.getByLabelText("A record is anomalous from this score on"), { target: { value: "0.9" } });
    await waitFor(() => expect(service.bodies("POST preview")).toHaveLength(2));
    const from = expect.stringMatching(/Z$/);
    expect(service.bodies("POST preview")).toEqual([{ threshold: 0.62, kind: "flow", from }, { threshold: 0.9, kind: "flow", from }]);
    expect(service.bodies("PUT threshold")).toEqual([]);
  });
  it("asks of the one that works with all its digits", async () => {
    service.answers["GET threshold"] = ok(threshold({ flow: working({ value: 0.9999634 }) }));
    page();
    await screen.findByTestId("preview");
    expect(service.bodies("POST preview")).toMatchObject([{ threshold: 0.9999634 }]);
    expect((screen.getByLabelText("A record is anomalous from this score on") as HTMLInputElement).value).toBe("0.999963");
  });
  it("lets a viewer read only", async () => {
    page("viewer");
    expect(await screen.findByText("at most 3 alerts a day")).toBeTruthy();
    expect(screen.queryByRole("button")).toBeNull();
    expect(service.asked.map((one) => one.what)).toEqual(["GET threshold"]);
  });
  it("says when it could not be read", async () => {
    service.answers["GET threshold"] = problem(500, "no answer from the disk");
    page();
    expect((await screen.findByRole("alert")).textContent).toContain("no answer from the disk");
  });
});
