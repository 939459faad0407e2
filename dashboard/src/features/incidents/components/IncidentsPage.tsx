import { natures } from "@/components/Badges";
import { IncidentList } from "@/components/IncidentList";
import { More } from "@/components/More";
import { PageHead, Panel } from "@/components/Panel";
import { Segments } from "@/components/Segments";
import { Answer, Empty } from "@/components/States";
import { count } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useIncidents } from "@/lib/queries";
import type { IncidentFilter } from "@/lib/queries";
import { href, useQuery } from "@/lib/router";
import { IncidentDetail } from "./IncidentDetail";

const choices = [["unseen", "New"], ["open", "Open"], ["closed", "Closed"], ["all", "All"]] as const;
const orders = [["rank", "By rank"], ["newest", "Newest"]] as const;
type Choice = (typeof choices)[number][0];

const filters: Record<Choice, Omit<IncidentFilter, "order">> = {
  unseen: { acknowledged: "false" },
  open: { open: "true" },
  closed: { open: "false" },
  all: {},
};
const nothing: Record<Choice, [string, string]> = {
  unseen: ["Everything is acknowledged", "New incidents wait here until somebody has seen them, also when they are over."],
  open: ["Nothing is open", "An incident is open while one of its alerts grows. All is quiet."],
  closed: ["Nothing is closed", "An incident closes when its devices have been quiet for a while."],
  all: ["No incidents yet", "Alerts that belong together, of one device or of several, become one incident."],
};
const limit = 50;

function chosen<T extends string>(options: readonly (readonly [T, string])[], value: string | null): T {
  return options.find(([key]) => key === value)?.[0] ?? options[0]![0];
}

function List() {
  const [query, set] = useQuery();
  const show = chosen(choices, query.get("show"));
  const order = chosen(orders, query.get("order"));
  const nature = natures.find(([key]) => key === query.get("nature"))?.[0] ?? "";
  const incidents = useIncidents({ ...filters[show], nature, order }, limit);
  const now = useNow();
  const loaded = incidents.data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;
  const full = order === "rank" && loaded >= limit;
  return (
    <>
      <PageHead title="Incidents" lead="What belongs together, the most urgent first.">
        <a className="link small" href={href(["alerts"])}>All alerts</a>
      </PageHead>
      <div className="row wrapping" role="search" aria-label="Filter incidents">
        <Segments label="Which incidents" value={show} options={choices} onChange={(value) => set({ show: value === "unseen" ? "" : value })} />
        <Segments label="Order" value={order} options={orders} onChange={(value) => set({ order: value === "rank" ? "" : value })} />
        <label className="row">
          <span className="visually-hidden">Nature</span>
          <select className="input" value={nature} onChange={(event) => set({ nature: event.target.value })}>
            <option value="">every nature</option>
            {natures.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
          </select>
        </label>
      </div>
      <Panel title="Incidents" flush hint={full ? `the ${count(limit)} of the highest rank; “Newest” lists them all` : order === "rank" ? "highest rank first" : "newest first"}>
        <Answer of={incidents} rows={8}>
          {(data) => {
            const items = data.pages.flatMap((page) => page.items);
            if (items.length > 0) return <IncidentList incidents={items} now={now} query={Object.fromEntries(query)} />;
            const [title, text] = nature ? ["No incident of this nature", "Choose another nature to see more."] : nothing[show];
            return <Empty icon="incidents" title={title}>{text}</Empty>;
          }}
        </Answer>
        <More of={incidents} />
      </Panel>
    </>
  );
}

export function IncidentsPage({ rest }: { rest: string[] }) {
  const [query] = useQuery();
  return rest[0] ? <IncidentDetail key={rest[0]} id={rest[0]} query={Object.fromEntries(query)} /> : <List />;
}
