import { useMemo } from "react";
import type uPlot from "uplot";
import { Panel } from "@/components/Panel";
import { Bones, Empty } from "@/components/States";
import { TimeChart } from "@/components/TimeChart";
import type { Series } from "@/components/TimeChart";
import { useLive } from "@/lib/live";

const series: readonly Series[] = [
  { name: "verdicts/s", colour: "--chart-1", shape: "area" },
  { name: "received/s", colour: "--chart-2", shape: "line" },
  { name: "anomalies/s", colour: "--alarm", shape: "bars" },
];

export function RatePanel() {
  const points = useLive((state) => state.points);
  const connection = useLive((state) => state.connection);
  const data = useMemo<uPlot.AlignedData>(
    () => [
      points.map((point) => point.at),
      points.map((point) => point.verdicts),
      points.map((point) => point.received),
      points.map((point) => point.anomalies),
    ],
    [points],
  );
  return (
    <Panel title="Line rate and anomalies" hint="last ten minutes, one point a second">
      {points.length > 1 ? (
        <TimeChart label="Verdicts, messages and anomalies per second over the last ten minutes" series={series} data={data} height={250} />
      ) : connection === "connecting" ? (
        <Bones rows={5} />
      ) : (
        <Empty icon="overview" title="No seconds measured yet">The chart begins with the first two ticks of the live stream.</Empty>
      )}
    </Panel>
  );
}
