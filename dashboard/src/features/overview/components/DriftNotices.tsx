import { Icon } from "@/components/Icon";
import type { RecordKind, Status } from "@/lib/api-types";
import { ago } from "@/lib/format";
import { href } from "@/lib/router";

/** A notice stands for a day; the metrics keep counting. */
const standsMillis = 86_400_000;
const kinds: readonly RecordKind[] = ["flow", "reading"];

/** What the service noticed of its models lately. It never retrains by itself: somebody must read this. */
export function DriftNotices({ status }: { status: Pick<Status, "drift" | "now"> }) {
  const now = Date.parse(status.now);
  return kinds.map((kind) => {
    const drift = status.drift[kind];
    if (!drift?.sentence || !drift.last_notice || now - Date.parse(drift.last_notice) > standsMillis) return null;
    return (
      <p key={kind} className="note caution row wrapping" role="status" data-testid="drift">
        <Icon name="warning" />
        <span className="grow wrap"><b>Drift of {kind === "flow" ? "flows" : "readings"}:</b> {drift.sentence}</span>
        <span className="small">{ago(drift.last_notice, now)}</span>
        <a className="link small" href={href(["models"])}>Models</a>
      </p>
    );
  });
}
