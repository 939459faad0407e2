/** A chart over time: lines above, bars of anomalies on the same axis. Drawn by uPlot on a canvas. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { rate } from "@/lib/format";
import { useTheme } from "@/lib/theme";

export interface Series {
  name: string;
  /** A custom property of styles/tokens.css that holds a six-digit hex colour. */
  colour: string;
  shape: "area" | "line" | "bars";
}

interface TimeChartProps {
  label: string;
  series: readonly Series[];
  /** [seconds since 1970, one list for each series]. */
  data: uPlot.AlignedData;
  height?: number;
  format?: (value: number | null | undefined) => string;
  /** How wide a bar is in time. */
  stepSeconds?: number;
}

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const linesRange: uPlot.Range.Function = (_chart, _min, max) => [0, Math.max(1, max || 0) * 1.12];

function drawn(series: Series, stepSeconds: number): uPlot.Series {
  const colour = token(series.colour);
  if (series.shape === "bars") {
    return {
      label: series.name, scale: "y", stroke: colour, fill: colour, width: 0, points: { show: false },
      paths: uPlot.paths.bars!({ size: [stepSeconds > 1 ? 0.7 : 0.9, 24, 2], align: 0 }),
    };
  }
  return {
    label: series.name, scale: "y", stroke: colour, width: series.shape === "area" ? 1.75 : 1.25, points: { show: false },
    ...(series.shape === "area" ? { fill: `${colour}29` } : { dash: [4, 4] }),
  };
}

const two = (value: number) => String(value).padStart(2, "0");

function options(props: TimeChartProps, width: number, height: number, onCursor: (index: number | null) => void): uPlot.Options {
  const grid = { stroke: token("--chart-grid"), width: 1 };
  const axis = { stroke: token("--ink-3"), font: `11px ${token("--sans")}`, grid, ticks: { show: false } };
  const step = props.stepSeconds ?? 1;
  return {
    width, height, padding: [10, 8, 0, 0],
    cursor: { points: { size: 7, width: 2 }, drag: { x: false, y: false }, y: false },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: linesRange } },
    axes: [
      { ...axis, size: 28, space: 80, values: (_chart, splits) => splits.map((at) => {
        const time = new Date(at * 1000);
        const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`;
        return at % 60 === 0 ? minutes : `${minutes}:${two(time.getSeconds())}`;
      }) },
      { ...axis, size: 48, space: 36, values: (_chart, splits) => splits.map((value) => rate(value)) },
    ],
    series: [{}, ...props.series.map((series) => drawn(series, step))],
    hooks: { setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)] },
  };
}

export function TimeChart(props: TimeChartProps) {
  const { series, data, height = 240, format = rate, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const values = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useTheme();

  // Written past React: the cursor moves at every frame and only these texts change.
  const show = useRef((index: number | null) => {
    const { data: now, series: all, format: as = rate } = latest.current;
    const at = index ?? now[0].length - 1;
    all.forEach((_one, i) => {
      const target = values.current?.querySelector(`[data-series="${i}"]`);
      if (target) target.textContent = as(now[i + 1]?.[at]);
    });
    const when = values.current?.querySelector("[data-when]");
    const seconds = now[0][at];
    if (when) when.textContent = index === null || seconds === undefined ? "" : new Date(seconds * 1000).toLocaleTimeString("en-GB");
  });

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const size = Math.max(200, host.clientWidth);
    const drawing = new uPlot(options(latest.current, size, height, (index) => show.current(index)), latest.current.data, host);
    chart.current = drawing;
    const observer = new ResizeObserver(() => drawing.setSize({ width: Math.max(200, host.clientWidth), height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      drawing.destroy();
      chart.current = null;
    };
    // Colours are read when drawing begins: a new theme is a new drawing.
  }, [theme, height]);

  useEffect(() => {
    chart.current?.setData(data);
    show.current(chart.current?.cursor.idx ?? null);
  }, [data]);

  return (
    <figure className="chart" aria-label={label}>
      <figcaption ref={values} className="legend">
        {series.map((one, i) => (
          <span key={one.name} style={{ "--key": `var(${one.colour})` } as React.CSSProperties}>
            <i className={one.shape === "bars" ? "block" : undefined} />
            {one.name} <b data-series={i}>{format(undefined)}</b>
          </span>
        ))}
        <span className="muted" data-when />
      </figcaption>
      <div ref={box} style={{ height, overflow: "hidden" }} />
    </figure>
  );
}
