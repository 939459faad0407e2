"""The figures of `vedette compare --split leave-one-capture-out --json` as Markdown."""

import json
import sys


def share(value):
    return "–" if value is None else f"{100 * value:.2f} %"


def number(value):
    return "–" if value is None else f"{value:.3g}"


def short(capture):
    return capture.removesuffix(".conn.log.labeled").removeprefix("CTU-").replace("-Capture", "")


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


figures = json.load(open(sys.argv[1], encoding="utf-8"))
table(
    ["model", "left out", "threshold", "recall", "false positives", "without doubtful rows",
     "false alerts / device-day", "without doubtful rows", "delay, records", "delay, s"],
    [[f"`{c['model']}`", short(c["capture"]), f"{c['threshold']:.3f}", share(c["recall"]),
      share(c["false_positive_rate"]), share(c["false_positive_rate_without_doubtful"]),
      number(c["false_alarms_per_device_day"]),
      number(c["false_alarms_per_device_day_without_doubtful"]),
      number(c["delay_records"]), number(c["delay_seconds"])] for c in figures["captures"]])
print("The same with a threshold raised by the first 200 records of the capture left out "
      "(those are not judged):")
table(
    ["model", "left out", "threshold", "recall", "false positives", "without doubtful rows",
     "false alerts / device-day"],
    [[f"`{c['model']}`", short(c["capture"]), f"{a['threshold']:.3f}", share(a["recall"]),
      share(a["false_positive_rate"]), share(a["false_positive_rate_without_doubtful"]),
      number(a["false_alarms_per_device_day"])]
     for c in figures["captures"] if (a := c.get("adapted"))])
print("Stated and observed false-positive rate over the benign rows of all captures left out, with "
      "the 99 % binomial band:")
table(
    ["model", "stated", "observed", "band", "records"],
    [[f"`{m['model']}`", f"{p['stated']:g}", f"{p['observed']:.4f}",
      f"{p['band_low']:.4f} to {p['band_high']:.4f}", f"{p['benign_records']:,}"]
     for m in figures["models"] for p in m.get("calibration", []) if p["stated"] in (1e-3, 1e-2)])
print("Controls, all rows left out together:")
table(
    ["control or model", "ROC AUC", "PR AUC"],
    [[c["control"], f"{c['roc_auc']:.3f}", f"{c['pr_auc']:.3f}"] for c in figures["controls"]]
    + [[f"`{m['model']}`", f"{m['roc_auc']:.3f}", f"{m['pr_auc']:.3f}"]
       for m in figures["models"] if "roc_auc" in m])
print("Fitted again without a family of columns, on the capture with the most attacks:")
table(
    ["model", "without", "columns", "ROC AUC", "PR AUC"],
    [[f"`{m['model']}`", w["family"] or "nothing", str(w["columns"]), f"{w['roc_auc']:.3f}",
      f"{w['pr_auc']:.3f}"] for m in figures["models"] for w in m.get("without", [])])
for note in figures["notes"]:
    print(f"- {note}")
print(f"\n{figures['train_rows']:,} rows fitted on, {figures['test_rows']:,} tested, columns "
      f"`{figures['columns']}`, {figures['split']}.")
