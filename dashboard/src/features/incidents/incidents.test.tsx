import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { spanText } from "@/components/IncidentList";
import { excludeAlert, excludeIncident } from "@/lib/exclude";
import { alert, at, incident } from "@/test-data";
import { ok, open, page, problem, serve } from "@/test-service";
import type { Service } from "@/test-service";
import { stripOf } from "./api/strip";
import { IncidentsPage } from "./components/IncidentsPage";

let service: Service;
beforeEach(() => {
  location.hash = "#/incidents";
  service = serve({
    "GET incidents": page(incident()),
    "GET incidents/3": ok(incident()),
    "GET alerts": page(alert()),
  });
});
const list = () => open(<IncidentsPage rest={[]} />);
const rows = () => screen.findAllByTestId("incident");

describe("the list", () => {
  it("asks for what nobody has seen, by rank", async () => {
    list();
    await rows();
    expect(service.asked[0]?.what).toBe("GET incidents?acknowledged=false&order=rank&limit=50");
  });
  it.each([
    ["Open", "GET incidents?open=true&order=rank&limit=50"],
    ["Closed", "GET incidents?open=false&order=rank&limit=50"],
    ["All", "GET incidents?order=rank&limit=50"],
    ["Newest", "GET incidents?acknowledged=false&order=newest&limit=50"],
  ])("asks anew for %s", async (name, expected) => {
    list();
    await rows();
    fireEvent.click(screen.getByRole("button", { name }));
    await waitFor(() => expect(service.asked.map((one) => one.what)).toContain(expected));
  });
  it("asks for one nature", async () => {
    list();
    await rows();
    fireEvent.change(screen.getByLabelText("Nature"), { target: { value: "device_health" } });
    await waitFor(() => expect(service.asked.map((one) => one.what)).toContain("GET incidents?acknowledged=false&nature=device_health&order=rank&limit=50"));
  });
  it("says of each what, how urgent, who, how much and when", async () => {
    const joint = incident({ id: 4, rank: 83.6, joint: true, devices: ["cam-1"], device_count: 4, alert_count: 2, count: 1234, peak_score: 0.5 });
    service.answers["GET incidents"] = page(joint);
    list();
    const [row] = await rows();
    expect(row!.getAttribute("href")).toBe("#/incidents/4");
    for (const text of ["84", "camera-01: C&C to 198.51.100.7:6667", "attack", "joint", "open", "cam-1 and 3 others", "2 alerts, 1,234 records", "peak 0.500"]) {
      expect(within(row!).getByText(text)).toBeTruthy();
    }
  });
  it.each([
    ["attack", "attack"], ["behaviour", "behaviour"], ["device_health", "device health"], ["data_quality", "data quality"],
  ] as const)("has a colour and a word for %s", async (nature, text) => {
    service.answers["GET incidents"] = page(incident({ nature }));
    list();
    const [row] = await rows();
    expect(within(row!).getByText(text).className).toBe(`badge nature ${nature}`);
  });
  it.each([
    ["", "Everything is acknowledged"], ["open", "Nothing is open"], ["closed", "Nothing is closed"], ["all", "No incidents yet"],
  ])("says why %s is empty", async (show, expected) => {
    location.hash = `#/incidents?show=${show}`;
    service.answers["GET incidents"] = page();
    list();
    expect(await screen.findByText(expected)).toBeTruthy();
  });
  it("says when it could not be read, and tries again", async () => {
    service.answers["GET incidents"] = problem(503, "the store is closed");
    list();
    expect((await screen.findByRole("alert")).textContent).toContain("the store is closed");
    service.answers["GET incidents"] = page(incident());
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await rows()).toHaveLength(1);
  });
  it("leads to the list of alerts", async () => {
    list();
    expect((await screen.findByRole("link", { name: "All alerts" })).getAttribute("href")).toBe("#/alerts");
  });
});

const why = {
  sentence: "camera-01 called one address every 60 s",
  usual_of: "device" as const,
  reasons: [{ feature: "pair_gap", value: 60, usual_low: 1, usual_high: 5, weight: 0.5, text: "60 s between calls (usual for it: 1 s to 5 s)", value_text: "", usual_text: "" }],
  changes: [{ feature: "pair_gap", from: 60, to: 5, text: "" }],
  changed_score: 0.2,
  similar: [{ id: "19b-9", device: "cam", capture: "34-1", label: "C&C", distance: 0.04 }],
};

describe("an incident", () => {
  const detail = (role?: "viewer") => open(<IncidentsPage rest={["3"]} />, role);
  it("asks for its alerts and shows the first in full", async () => {
    service.answers["GET alerts"] = page(alert({ ...why, samples: ["19b-1", "19b-7"], peak_record: "19b-7" }), alert({ id: 8, device: "lock-02" }));
    detail();
    const all = await screen.findAllByTestId("incident-alert");
    expect(service.asked.map((one) => one.what)).toContain("GET alerts?incident=3&limit=50");
    expect(all).toHaveLength(2);
    const first = within(all[0]!);
    expect(first.getByText(why.sentence)).toBeTruthy();
    expect(first.getByText(why.reasons[0]!.text)).toBeTruthy();
    expect(first.getByText("With pair_gap at 5 instead of 60 it would have been usual (score 0.200).")).toBeTruthy();
    expect(first.getByText("4 % away")).toBeTruthy();
    expect(first.getByRole("link", { name: "C&C" }).getAttribute("href")).toBe("#/verdicts?label=C%26C");
    expect(first.getByRole("link", { name: "19b-7 (strangest)" }).getAttribute("href")).toBe("#/verdicts/19b-7");
    expect(first.getAllByRole("link", { name: /^19b-/ })).toHaveLength(2);
    expect(within(all[1]!).queryByTestId("why")).toBeNull();
    fireEvent.click(within(all[1]!).getByRole("button", { expanded: false }));
    expect(within(all[1]!).getByTestId("why")).toBeTruthy();
  });
  it("draws a lane for each device", async () => {
    service.answers["GET alerts"] = page(alert(), alert({ id: 8, device: "lock-02" }));
    detail();
    expect((await screen.findAllByTestId("strip-lane")).map((one) => one.getAttribute("data-device"))).toEqual(["camera-01", "lock-02"]);
    expect(screen.getAllByRole("link", { name: /^C&C, 12 flows, .* – / }).map((one) => one.getAttribute("href"))).toEqual(["#/alerts/7", "#/alerts/8"]);
  });
  it.each([
    ["Acknowledge", { acknowledged: true, feedback: "", comment: "" }],
    ["True alarm", { acknowledged: true, feedback: "true_alarm", comment: "" }],
    ["False alarm", { acknowledged: true, feedback: "false_alarm", comment: "" }],
  ])("is marked: %s", async (name, expected) => {
    service.answers["POST incidents/3"] = ok(incident({ acknowledged: true }));
    detail();
    const button = await screen.findByRole("button", { name });
    service.answers["GET incidents/3"] = ok(incident({ acknowledged: true }));
    fireEvent.click(button);
    await waitFor(() => expect(service.bodies("POST incidents/3")).toEqual([expected]));
    expect(await screen.findByRole("button", { name: "Take back acknowledgement" })).toBeTruthy();
  });
  it("is commented", async () => {
    service.answers["POST incidents/3"] = ok(incident({ comment: "the new camera" }));
    detail();
    fireEvent.change(await screen.findByLabelText("Comment"), { target: { value: "the new camera" } });
    fireEvent.click(screen.getByRole("button", { name: "Save comment" }));
    await waitFor(() => expect(service.bodies("POST incidents/3")).toEqual([{ acknowledged: false, feedback: "", comment: "the new camera" }]));
  });
  it("says when marking was refused", async () => {
    service.answers["POST incidents/3"] = problem(403, "only an admin may");
    detail();
    fireEvent.click(await screen.findByRole("button", { name: "Acknowledge" }));
    expect((await screen.findByRole("alert")).textContent).toBe("only an admin may");
  });
  it("lets a viewer read only", async () => {
    detail("viewer");
    await screen.findAllByTestId("incident-alert");
    expect(screen.queryByRole("button", { name: "Acknowledge" })).toBeNull();
    expect(screen.queryByRole("link", { name: "Exclude this…" })).toBeNull();
  });
  it("says that it is not there", async () => {
    service.answers["GET incidents/3"] = problem(404, "there is no incident 3");
    detail();
    expect(await screen.findByText("there is no incident 3")).toBeTruthy();
  });
  it("says that its alerts are gone", async () => {
    service.answers["GET alerts"] = page();
    detail();
    expect(await screen.findByText("Its alerts are gone")).toBeTruthy();
  });
});

describe("the strip of time", () => {
  it("is nothing without alerts", () => expect(stripOf([])).toBeNull());
  it("places blocks as shares of the whole, lanes by their beginning", () => {
    const strip = stripOf([
      alert({ id: 1, device: "b", first: at(50), last: at(100) }),
      alert({ id: 2, device: "a", first: at(0), last: at(25) }),
      alert({ id: 3, device: "b", first: at(20), last: at(20) }),
    ])!;
    expect(strip.lanes.map((lane) => [lane.device, lane.blocks.map((one) => [one.alert.id, one.from, one.length])])).toEqual([
      ["a", [[2, 0, 0.25]]],
      ["b", [[3, 0.2, 0], [1, 0.5, 0.5]]],
    ]);
  });
  it("has a length also when all happened at once", () => {
    const strip = stripOf([alert({ first: at(5), last: at(5) })])!;
    expect([strip.ends - strip.begins, strip.lanes[0]?.blocks[0]?.from, strip.lanes[0]?.blocks[0]?.length]).toEqual([1000, 0, 0]);
  });
});

describe("the way to an exclusion", () => {
  it.each([
    ["of a flow alert is all it has", excludeAlert(alert()), "#/exclusions/new?device=camera-01&kind=flow&label=C%26C&destination=198.51.100.7&port=6667"],
    ["of a reading alert has no place", excludeAlert(alert({ kind: "reading", label: "stuck", destination: "", port: 0 })), "#/exclusions/new?device=camera-01&kind=reading&label=stuck"],
    ["of one device", excludeIncident(incident()), "#/exclusions/new?device=camera-01&label=C%26C&destination=198.51.100.7&port=6667"],
    ["of several devices is what they share", excludeIncident(incident({ devices: ["a", "b"], device_count: 2 })), "#/exclusions/new?label=C%26C&destination=198.51.100.7&port=6667"],
    ["of a joint incident is the device", excludeIncident(incident({ joint: true, labels: [{ label: "a", count: 1 }, { label: "b", count: 2 }] })), "#/exclusions/new?device=camera-01"],
    ["of several devices that share nothing is the first of them",
      excludeIncident(incident({ joint: true, devices: ["a", "b"], device_count: 2, labels: [{ label: "a", count: 1 }, { label: "b", count: 2 }] })), "#/exclusions/new?device=a"],
  ])("%s", (_what, to, expected) => expect(to).toBe(expected));
});

describe("a span", () => {
  const local = (text: string) => new Date(text).toISOString();
  it.each([
    ["2026-01-01T10:00:00", "2026-01-01T10:00:00", "2026-01-01 10:00:00"],
    ["2026-01-01T10:00:00", "2026-01-01T11:30:05", "2026-01-01 10:00:00 – 11:30:05"],
    ["2026-01-01T23:59:00", "2026-01-02T00:01:00", "2026-01-01 23:59:00 – 2026-01-02 00:01:00"],
  ])("from %s to %s", (first, last, expected) => expect(spanText(local(first), local(last))).toBe(expected));
});
