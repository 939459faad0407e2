import { AlertList } from "@/components/AlertList";
import { Icon } from "@/components/Icon";
import { More } from "@/components/More";
import { PageHead, Panel } from "@/components/Panel";
import { Segments } from "@/components/Segments";
import { Answer, Empty } from "@/components/States";
import { useNow } from "@/lib/hooks";
import { useAlerts } from "@/lib/queries";
import type { AlertFilter } from "@/lib/queries";
import { go, href, useRoute } from "@/lib/router";
import { AlertDetail } from "./AlertDetail";

const choices = [
  ["all", "All"],
  ["open", "Open"],
  ["closed", "Closed"],
  ["unseen", "New"],
] as const;
type Choice = (typeof choices)[number][0];

const filters: Record<Choice, AlertFilter> = {
  all: {},
  open: { open: "true" },
  closed: { open: "false" },
  unseen: { acknowledged: "false" },
};
const nothing: Record<Choice, [string, string]> = {
  all: ["No alerts yet", "A run of anomalous verdicts of one device, kind and label becomes one alert."],
  open: ["Nothing is open", "An alert is open while its run of anomalies grows. All is quiet."],
  closed: ["Nothing is closed", "An alert closes when its device has been quiet for a while."],
  unseen: ["Everything is acknowledged", "New alerts will wait here until somebody has seen them."],
};

function chosen(value: string | null): Choice {
  return choices.find(([key]) => key === value)?.[0] ?? "all";
}

export function AlertsPage({ rest }: { rest: string[] }) {
  const id = rest[0];
  const show = chosen(useRoute().query.get("show"));
  const alerts = useAlerts(filters[show]);
  const now = useNow();
  const query = show === "all" ? {} : { show };
  const list = (
    <Panel title="Alerts" flush hint="newest first">
      <Answer of={alerts} rows={8}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          return items.length > 0 ? <AlertList alerts={items} now={now} current={id} query={query} /> : (
            <Empty icon="alerts" title={nothing[show][0]}>{nothing[show][1]}</Empty>
          );
        }}
      </Answer>
      <More of={alerts} />
    </Panel>
  );
  return (
    <>
      <a className="row soft small" href={href(["incidents"])} style={{ width: "fit-content" }}><Icon name="back" size={13} /> Incidents</a>
      <PageHead title="Alerts">
        <Segments label="Which alerts" value={show} options={choices} onChange={(value) => go(href(["alerts"], value === "all" ? {} : { show: value }))} />
      </PageHead>
      {id === undefined ? list : (
        <div className="columns alert-columns">
          <div className="beside">{list}</div>
          <div className="stack">
            <a className="row soft small only-narrow" href={href(["alerts"], query)}><Icon name="back" size={13} /> All alerts</a>
            <AlertDetail key={id} id={id} />
          </div>
        </div>
      )}
    </>
  );
}
