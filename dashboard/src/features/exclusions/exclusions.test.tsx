import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { at, exclusion, preview, previewCounts } from "@/test-data";
import { ok, open, page, problem, serve } from "@/test-service";
import type { Service } from "@/test-service";
import { coverOf, coverText, emptyForm, exclusionOf, formOf } from "./api/form";
import type { ExclusionForm } from "./api/form";
import { ExclusionsPage } from "./components/ExclusionsPage";

let service: Service;
beforeEach(() => {
  location.hash = "#/exclusions";
  service = serve({
    "GET exclusions": page(exclusion()),
    "GET devices": page({ device: "camera-01" }),
    "POST preview": ok(preview({ hidden: 12, now: previewCounts({ anomalous: 40, alerts: 3, incidents: 2 }), would: previewCounts({ anomalous: 40, excluded: 12, alerts: 1, incidents: 1 }) })),
  });
});

const form = (changes: Partial<ExclusionForm>): ExclusionForm => ({ ...emptyForm, ...changes });

describe("what a form covers", () => {
  it.each([
    ["a device, without blanks around it", { device: " camera-01 " }, { device: "camera-01" }],
    ["a kind", { kind: "reading" }, { kind: "reading" }],
    ["a class", { label: "C&C" }, { label: "C&C" }],
    ["a destination", { destination: "198.51.100.7" }, { destination: "198.51.100.7" }],
    ["a port", { port: "4975" }, { port: 4975 }],
    ["a time of day that passes midnight", { dayFrom: "22:00", dayTo: "06:00" }, { day: { from: "22:00", to: "06:00" } }],
    ["a span of event time, typed in ours", { device: "a", from: "2026-01-01T10:00", to: "2026-01-02T10:00" },
      { device: "a", from: new Date("2026-01-01T10:00").toISOString(), to: new Date("2026-01-02T10:00").toISOString() }],
    ["only a time of maintenance", { from: "2026-01-01T10:00" }, { from: new Date("2026-01-01T10:00").toISOString() }],
  ] as const)("%s", (_what, changes, expected) => {
    expect(coverOf(form(changes))).toEqual({ cover: expected, faults: {} });
  });
  it.each([
    ["nothing", {}, "all"],
    ["port -1", { port: "-1" }, "port"],
    ["port 65536", { port: "65536" }, "port"],
    ["a port in words", { port: "telnet" }, "port"],
    ["half of a port", { port: "1.5" }, "port"],
    ["a time of day without an end", { dayFrom: "22:00" }, "dayTo"],
    ["a time of day without a beginning", { device: "a", dayTo: "06:00" }, "dayTo"],
    ["an empty time of day", { dayFrom: "06:00", dayTo: "06:00" }, "dayTo"],
    ["an end before the beginning", { device: "a", from: "2026-01-02T10:00", to: "2026-01-01T10:00" }, "to"],
    ["a reading with a port", { kind: "reading", port: "80" }, "kind"],
  ] as const)("is refused: %s", (_what, changes, field) => {
    const { cover, faults } = coverOf(form(changes));
    expect(cover).toBeNull();
    expect(Object.keys(faults)).toContain(field);
  });
});

describe("what is saved", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  it("ends when it was asked to", () => {
    expect(exclusionOf(form({ device: "a", expires: "7", reason: " backup " }), now).exclusion).toEqual({ device: "a", reason: "backup", expires: "2026-01-08T00:00:00.000Z" });
  });
  it("may never end", () => {
    expect(exclusionOf(form({ device: "a", expires: "", reason: "backup" }), now).exclusion).toEqual({ device: "a", reason: "backup" });
  });
  it.each([
    ["no reason", "   "],
    ["a reason of 502 bytes in 251 letters", "é".repeat(251)],
  ])("is refused with %s", (_what, reason) => {
    const { exclusion: made, faults } = exclusionOf(form({ device: "a", reason }), now);
    expect(made).toBeNull();
    expect(faults.reason).toBeTruthy();
  });
  it("begins as the address says, and only with what it may", () => {
    expect(formOf(new URLSearchParams("device=cam&kind=flow&label=DDoS&destination=::1&port=23&reason=x&expires=1"))).toEqual(
      form({ device: "cam", kind: "flow", label: "DDoS", destination: "::1", port: "23" }));
    expect(formOf(new URLSearchParams("kind=dream")).kind).toBe("");
  });
});

describe("an exclusion in words", () => {
  it.each([
    [{}, "everything of camera-01"],
    [{ device: "", kind: "flow", label: "DDoS" }, "flows called DDoS"],
    [{ kind: "reading" }, "readings of camera-01"],
    [{ destination: "198.51.100.7", port: 23 }, "everything of camera-01 to 198.51.100.7, port 23"],
    [{ device: "", port: 4975 }, "everything to port 4975"],
    [{ day: { from: "22:00", to: "06:00" } }, "everything of camera-01, daily 22:00 to 06:00 UTC"],
  ] as const)("%j", (changes, expected) => expect(coverText(exclusion(changes))).toBe(expected));
});

describe("the list", () => {
  const list = (role?: "viewer") => open(<ExclusionsPage rest={[]} />, role);
  it("says what, why, by whom, until when and how much it hid", async () => {
    service.answers["GET exclusions"] = page(exclusion({ hidden: 1234, reason: "nightly backup", active: false, expires: at(0) }));
    list();
    const row = within(await screen.findByTestId("exclusion"));
    for (const text of ["everything of camera-01", "nightly backup", /^anna, 2026/, "1,234 hidden", "not active", "ended"]) expect(row.getByText(text)).toBeTruthy();
  });
  it("says that one never ends", async () => {
    list();
    expect(within(await screen.findByTestId("exclusion")).getByText("never ends")).toBeTruthy();
  });
  it("deletes after asking twice, and asks for the list again", async () => {
    service.answers["DELETE exclusions/5"] = { status: 204 };
    list();
    fireEvent.click(await screen.findByRole("button", { name: "Delete exclusion 5" }));
    expect(service.bodies("DELETE exclusions/5")).toHaveLength(0);
    service.answers["GET exclusions"] = page();
    fireEvent.click(screen.getByRole("button", { name: "Delete" }));
    expect(await screen.findByText("Nothing is excluded")).toBeTruthy();
    expect(service.bodies("DELETE exclusions/5")).toHaveLength(1);
  });
  it("says when it could not be deleted", async () => {
    service.answers["DELETE exclusions/5"] = problem(503, "the store is closed");
    list();
    fireEvent.click(await screen.findByRole("button", { name: "Delete exclusion 5" }));
    fireEvent.click(screen.getByRole("button", { name: "Delete" }));
    expect((await screen.findByRole("alert")).textContent).toBe("the store is closed");
  });
  it("thinks one away before it is deleted", async () => {
    list();
    fireEvent.click(await screen.findByRole("button", { name: "Without it?" }));
    await screen.findByTestId("preview");
    expect(service.bodies("POST preview")).toEqual([{ without: [5], from: expect.stringMatching(/Z$/) }]);
  });
  it("lets a viewer read only", async () => {
    list("viewer");
    await screen.findByTestId("exclusion");
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.queryByRole("link", { name: "New exclusion" })).toBeNull();
  });
  it("says when it could not be read", async () => {
    service.answers["GET exclusions"] = problem(500, "no answer from the disk");
    list();
    expect((await screen.findByRole("alert")).textContent).toContain("no answer from the disk");
  });
});

describe("a new exclusion", () => {
  const begin = (query = "", role?: "viewer") => {
    location.hash = `#/exclusions/new${query}`;
    return open(<ExclusionsPage rest={["new"]} />, role);
  };
  it("asks nothing and complains of nothing while it is empty", async () => {
    begin();
    expect(await screen.findByText("Nothing to preview yet")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Exclude" }));
    expect(screen.getAllByRole("alert").map((one) => one.textContent)).toEqual(["Say why: the next on duty will ask.", "Say what it covers: one of device, kind, class, destination, port, time of day and event time."]);
    expect(service.asked.filter((one) => one.what.startsWith("POST"))).toEqual([]);
  });
  it("shows what it would hide before it is saved", async () => {
    begin("?device=camera-01&port=23");
    expect(await screen.findByTestId("preview")).toBeTruthy();
    expect(service.bodies("POST preview")).toEqual([{ exclusions: [{ device: "camera-01", port: 23 }], from: expect.stringMatching(/Z$/) }]);
    expect(screen.getByTestId("preview-hidden").textContent).toBe("12 anomalous records");
    const cells = (name: string) => within(screen.getByRole("row", { name: new RegExp(`^${name}`) })).getAllByRole("cell").map((one) => one.textContent);
    expect(cells("Incidents")).toEqual(["2", "1", "−1"]);
    expect(cells("Alerts")).toEqual(["3", "1", "−2"]);
    expect(cells("Anomalous records")).toEqual(["40", "40", "no change"]);
    expect(service.bodies("POST exclusions")).toEqual([]);
  });
  it("previews the span that is chosen", async () => {
    begin("?device=camera-01");
    await screen.findByTestId("preview");
    fireEvent.click(screen.getByRole("button", { name: "1 d" }));
    await waitFor(() => expect(service.bodies("POST preview")).toHaveLength(2));
    const [week, day] = service.bodies("POST preview").map((body) => Date.parse((body as { from: string }).from));
    expect(Math.round((day! - week!) / 86_400_000)).toBe(6);
  });
  it("previews what is typed once it rests", async () => {
    begin("?device=camera-01");
    await screen.findByTestId("preview");
    for (const text of ["D", "DD", "DDoS"]) fireEvent.change(screen.getByLabelText("Class"), { target: { value: text } });
    await waitFor(() => expect(service.bodies("POST preview")).toHaveLength(2));
    expect(service.bodies("POST preview")[1]).toMatchObject({ exclusions: [{ device: "camera-01", label: "DDoS" }] });
  });
  it("is saved, and leads back to the list", async () => {
    service.answers["POST exclusions"] = { status: 201, body: exclusion() };
    begin("?device=camera-01");
    fireEvent.change(await screen.findByLabelText("Ends"), { target: { value: "" } });
    fireEvent.change(screen.getByLabelText("Why"), { target: { value: "backup" } });
    fireEvent.click(screen.getByRole("button", { name: "Exclude" }));
    await waitFor(() => expect(location.hash).toBe("#/exclusions"));
    expect(service.bodies("POST exclusions")).toEqual([{ device: "camera-01", reason: "backup" }]);
  });
  it("keeps what was typed when the service refuses it", async () => {
    service.answers["POST exclusions"] = problem(400, "destination: not an address");
    begin("?destination=nowhere");
    fireEvent.change(await screen.findByLabelText("Why"), { target: { value: "backup" } });
    fireEvent.click(screen.getByRole("button", { name: "Exclude" }));
    expect(await screen.findByText("destination: not an address")).toBeTruthy();
    expect((screen.getByLabelText("Destination") as HTMLInputElement).value).toBe("nowhere");
  });
  it("says when the past could not be looked through", async () => {
    service.answers["POST preview"] = problem(500, "no answer from the disk");
    begin("?device=camera-01");
    expect((await screen.findByRole("alert")).textContent).toContain("no answer from the disk");
    expect(service.bodies("POST preview")).toHaveLength(1);
  });
  it("waits for its turn when the service makes another preview", async () => {
    const made = service.answers["POST preview"]!;
    service.answers["POST preview"] = problem(503, "another preview is being made, try again later");
    begin("?device=camera-01");
    await waitFor(() => expect(service.bodies("POST preview")).toHaveLength(1));
    service.answers["POST preview"] = made;
    expect(await screen.findByTestId("preview")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });
  it("is not for viewers", () => {
    begin("?device=camera-01", "viewer");
    expect(screen.getByText(/An administrator makes exclusions/)).toBeTruthy();
    expect(service.asked).toEqual([]);
  });
});
