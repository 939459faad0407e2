import { useMemo, useState } from "react";
import type uPlot from "uplot";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Segments";
import { Answer, Empty } from "@/components/States";
import { TimeChart } from "@/components/TimeChart";
import type { Series } from "@/components/TimeChart";
import type { RollUp } from "@/lib/api-types";
import { useRollUps } from "../api/device";

const series: readonly Series[] = [
  { name: "records/min", colour: "--chart-1", shape: "area" },
  { name: "anomalies/min", colour: "--alarm", shape: "bars" },
];

/** Minutes without a record have no row; between two rows they are drawn as the zero they are. */
export function filled(items: readonly RollUp[]): [number[], number[], number[]] {
  const times: number[] = [];
  const records: number[] = [];
  const anomalies: number[] = [];
  const push = (at: number, all: number, strange: number) => {
    times.push(at);
    records.push(all);
    anomalies.push(strange);
  };
  for (const item of items) {
    const at = Math.floor(Date.parse(item.minute) / 1000);
    const last = times.at(-1);
    if (last !== undefined && at - last > 60) {
      push(last + 60, 0, 0);
      if (at - last > 120) push(at - 60, 0, 0);
    }
    push(at, item.flows + item.readings, item.anomalies);
  }
  return [times, records, anomalies];
}

function Chart({ items }: { items: readonly RollUp[] }) {
  const data = useMemo<uPlot.AlignedData>(() => filled(items), [items]);
  return <TimeChart label="Records and anomalies of this device per minute" series={series} data={data} height={200} stepSeconds={60} />;
}

export function RollUpPanel({ device }: { device: string }) {
  const [hours, setHours] = useState<"1" | "24" | "168">("1");
  const rollUps = useRollUps(device, Number(hours));
  return (
    <Panel title="Activity" hint="per minute, by time received" actions={
      <Segments label="Span" value={hours} onChange={setHours} options={[["1", "1 h"], ["24", "24 h"], ["168", "7 d"]]} />
    }>
      <Answer of={rollUps} rows={4}>
        {({ items }) => items.length > 0 ? <Chart items={items} /> : (
          <Empty icon="overview" title="Nothing in this span">This device sent nothing during it; choose a longer one.</Empty>
        )}
      </Answer>
    </Panel>
  );
}
