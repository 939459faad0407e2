import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { counters, preview, previewCounts, verdict } from "@/test-data";
import { LawEquation } from "./LawEquation";
import { PreviewResult, difference } from "./PreviewResult";
import { ReasonsTable } from "./ReasonsTable";
import { ScoreBar } from "./ScoreBar";
import { VerdictTable } from "./VerdictTable";

describe("LawEquation", () => {
  it("says that every message is accounted for when the sum is right", () => {
    render(<LawEquation counters={counters({ received: 1100, verdicts: 1000, quarantined: 60, waiting: 40 })} />);
    expect(screen.getByText("1,100")).toBeTruthy();
    expect(screen.getByText("every message accounted for")).toBeTruthy();
  });
  it("says by how much it is off when it is not", () => {
    render(<LawEquation counters={counters({ received: 1100, verdicts: 1000 })} />);
    expect(screen.getByText("off by 100")).toBeTruthy();
  });
  it("claims nothing before anything is known", () => {
    render(<LawEquation counters={null} />);
    expect(screen.getAllByText("–")).toHaveLength(4);
    expect(screen.queryByText(/accounted|off by/)).toBeNull();
  });
});

describe("ReasonsTable", () => {
  const reason = { feature: "orig_pkts", value: 4812, usual_low: 1, usual_high: 61, weight: 0.52, text: "", value_text: "", usual_text: "" };
  it("names feature, value and usual range", () => {
    render(<ReasonsTable reasons={[reason]} />);
    const row = screen.getAllByRole("row")[1]!;
    expect(within(row).getByText("orig_pkts")).toBeTruthy();
    expect(within(row).getByText("4812")).toBeTruthy();
    expect(within(row).getByText("1 to 61")).toBeTruthy();
    expect(within(row).getAllByRole("img", { name: "4812, usually 1 to 61" }).length).toBeGreaterThan(0);
  });
  it("says so when no range was learned", () => {
    render(<ReasonsTable reasons={[{ ...reason, usual_low: null, usual_high: null }]} />);
    expect(screen.getAllByText("no usual range known").length).toBeGreaterThan(0);
  });
  it("draws weights against the largest, and says what they mean in words", () => {
    const { container } = render(<ReasonsTable usual_of="device" reasons={[{ ...reason, text: "sent 4812 packets" }, { ...reason, feature: "duration", weight: -0.13 }, { ...reason, feature: "port", weight: null }]} />);
    const bars = [...container.querySelectorAll<HTMLElement>(".weight i")];
    expect(bars.map((bar) => bar.style.width)).toEqual(["100%", "25%", "0%"]);
    expect(bars[1]!.closest(".weight")?.className).toBe("weight against");
    expect(screen.getByText("sent 4812 packets")).toBeTruthy();
    expect(screen.getByText("Usual: what this device did lately.")).toBeTruthy();
  });
  it("says numbers as the service tells them", () => {
    render(<ReasonsTable reasons={[{ ...reason, value: 3.93, usual_low: 0.69, usual_high: 2.47, text: "opened about 50 connections", value_text: "50", usual_text: "1 to 11" }]} />);
    expect(screen.getByText("50")).toBeTruthy();
    expect(screen.getByText("1 to 11")).toBeTruthy();
    expect(screen.queryByText("3.93")).toBeNull();
  });
  it("explains an empty list", () => {
    render(<ReasonsTable reasons={[]} />);
    expect(screen.getByText(/only anomalous verdicts/)).toBeTruthy();
  });
});

describe("ScoreBar", () => {
  it.each([
    ["at the threshold", 0.5, "score-bar over"],
    ["below it", 0.499, "score-bar"],
  ])("%s", (_what, score, expected) => {
    const { container } = render(<ScoreBar score={score} threshold={0.5} />);
    expect(container.querySelector(".score-bar")?.className).toBe(expected);
  });
});

describe("VerdictTable", () => {
  it("opens a row to the record's fields and closes it again", () => {
    const one = verdict("1-a", { record: { "id.resp_p": 4975, history: "<b>S</b>" } });
    render(<VerdictTable verdicts={[one]} />);
    expect(screen.queryByText("id.resp_p")).toBeNull();
    const button = screen.getByRole("button", { name: /Show details/ });
    fireEvent.click(button);
    expect(screen.getByText("4975")).toBeTruthy();
    expect(screen.getByText("<b>S</b>")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: /Hide details/ }));
    expect(screen.queryByText("id.resp_p")).toBeNull();
  });
  it("marks anomalies, and says when a model is still learning", () => {
    render(<VerdictTable verdicts={[verdict("1", { anomalous: true, label: "DDoS" }), verdict("2", { certainty: "learning" })]} />);
    expect(screen.getByText("DDoS").closest("tr")?.className).toContain("odd-one");
    expect(screen.getByText("learning").closest("tr")?.className).not.toContain("odd-one");
  });
  it("names the class of an anomaly also while the device is being learned", () => {
    render(<VerdictTable verdicts={[verdict("1", { anomalous: true, label: "DDoS", certainty: "learning" })]} />);
    expect(screen.getByText("DDoS").closest("tr")?.className).toContain("odd-one");
    expect(screen.getByText("learning")).toBeTruthy();
  });
});

describe("what the past would have been", () => {
  it.each([[12, 3, "−9"], [0, 4, "+4"], [5, 5, "no change"], [0, 12_000, "+12,000"]])("%d to %d is %s", (now, would, expected) => {
    expect(difference(now, would)).toBe(expected);
  });
  const day = (name: string, now: number, would: number) => ({ day: name, now: previewCounts({ alerts: now }), would: previewCounts({ alerts: would }) });
  it("draws days against the largest and says them", () => {
    const { container } = render(<PreviewResult preview={preview({ days: [day("2026-11-22", 4, 1), day("2026-11-23", 1, 0)] })} />);
    expect([...container.querySelectorAll<HTMLElement>(".day-bars i")].map((bar) => bar.style.height)).toEqual(["100%", "25%", "25%", "0%"]);
    expect(screen.getByText("2026-11-22: 4 alerts now, 1 would be")).toBeTruthy();
    expect(screen.getByText("2026-11-23: 1 alert now, 0 would be")).toBeTruthy();
  });
  it("lists the devices it would change, and no others", () => {
    const devices = [
      { device: "cam-1", now: previewCounts({ alerts: 3, anomalous: 10 }), would: previewCounts({ alerts: 0, anomalous: 10, excluded: 8 }) },
      { device: "cam-2", now: previewCounts(), would: previewCounts() },
    ];
    render(<PreviewResult preview={preview({ devices })} />);
    expect(screen.getByRole("row", { name: "cam-1 3 0 −8" })).toBeTruthy();
    expect(screen.queryByText("cam-2")).toBeNull();
  });
  it("admits that it was cut", () => {
    const { rerender } = render(<PreviewResult preview={preview({ cut: true })} />);
    expect(screen.getByText(/more than one look takes in/)).toBeTruthy();
    rerender(<PreviewResult preview={preview()} />);
    expect(screen.queryByText(/more than one look takes in/)).toBeNull();
  });
});

describe("a verdict on a device that is still learned", () => {
  it("says how much is known and what is missing", () => {
    render(<VerdictTable verdicts={[verdict("1", { confidence: 0.4, learning: ["habits", "rates over 10 min"], certainty: "learning" })]} />);
    fireEvent.click(screen.getByRole("button", { name: /Show details/ }));
    expect(screen.getByText("40.0 %")).toBeTruthy();
    expect(screen.getByText(", still habits, rates over 10 min")).toBeTruthy();
  });
  it("is not marked as alarm when an exclusion keeps it quiet", () => {
    render(<VerdictTable verdicts={[verdict("1", { anomalous: true, label: "DDoS", excluded: 5 })]} />);
    expect(screen.getByText("DDoS").parentElement?.className).toBe("badge");
  });
});
