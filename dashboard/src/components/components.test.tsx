import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { counters, verdict } from "@/test-data";
import { LawEquation } from "./LawEquation";
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
  const reason = { feature: "orig_pkts", value: 4812, usual_low: 1, usual_high: 61, weight: 0.52 };
  it("names feature, value and usual range", () => {
    render(<ReasonsTable reasons={[reason]} />);
    const row = screen.getAllByRole("row")[1]!;
    expect(within(row).getByText("orig_pkts")).toBeTruthy();
    expect(within(row).getByText("4812")).toBeTruthy();
    expect(within(row).getByText("1 … 61")).toBeTruthy();
    expect(within(row).getAllByRole("img", { name: "4812, usually 1 to 61" }).length).toBeGreaterThan(0);
  });
  it("says so when no range was learned", () => {
    render(<ReasonsTable reasons={[{ ...reason, usual_low: null, usual_high: null }]} />);
    expect(screen.getAllByText("no usual range known").length).toBeGreaterThan(0);
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
});
