import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Device } from "@/lib/api-types";
import { count } from "@/lib/format";
import { href } from "@/lib/router";
import { useRecentAnomalies } from "../api/recent-anomalies";

/** More cells than these are no longer a picture; the table of devices has them all. */
const cellsMax = 300;

/** Four steps on a logarithmic scale: 1, 10, 100, more. */
export function heatOf(anomalies: number): 0 | 1 | 2 | 3 | 4 {
  if (anomalies <= 0) return 0;
  if (anomalies < 10) return 1;
  if (anomalies < 100) return 2;
  return anomalies < 1000 ? 3 : 4;
}

const colours = ["var(--accent-soft)", ...[30, 52, 75, 100].map((share) => `color-mix(in srgb, var(--alarm) ${share}%, var(--raised))`)];

export function DeviceHeat() {
  const { query, grown } = useRecentAnomalies();
  const heatFor = (device: Device) => grown.get(device.device) ?? 0;
  const cell = (device: Device) => {
    const recent = heatFor(device);
    const says = `${device.device}: ${count(recent)} anomalies while watched, ${count(device.open_alerts)} open alerts`;
    return (
      <li key={device.device}>
        <a className={device.open_alerts > 0 ? "alerting" : undefined} href={href(["devices", device.device])} title={says} aria-label={says} style={{ "--cell": colours[heatOf(recent)] } as React.CSSProperties} />
      </li>
    );
  };
  return (
    <Panel title="Devices" hint="coloured by anomalies while you watch">
      <Answer of={query} rows={3}>
        {(devices) => devices.length === 0 ? (
          <Empty icon="devices" title="No device has spoken yet">A device appears with its first message on <code>iot/&lt;device&gt;/flow</code> or <code>iot/&lt;device&gt;/sensor</code>.</Empty>
        ) : (
          <>
            <ul className="heat">
              {[...devices].sort((a, b) => a.device.localeCompare(b.device, "en", { numeric: true })).slice(0, cellsMax).map(cell)}
            </ul>
            <p className="heat-scale">
              {["none", "1+", "10+", "100+", "1,000+"].map((text, i) => (
                <span key={text}><i style={{ background: colours[i] }} />{text}</span>
              ))}
              <span><i style={{ border: "2px solid var(--alarm)" }} />open alert</span>
              {devices.length > cellsMax && <a className="link" href={href(["devices"])}>{count(devices.length - cellsMax)} more</a>}
            </p>
          </>
        )}
      </Answer>
    </Panel>
  );
}
