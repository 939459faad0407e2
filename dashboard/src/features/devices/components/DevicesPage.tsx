import { useMemo, useState } from "react";
import { Icon } from "@/components/Icon";
import { PageHead, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Device } from "@/lib/api-types";
import { ago, count, counted, dateTime } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useDevices } from "@/lib/queries";
import { go, href, useQuery } from "@/lib/router";
import { DevicePage } from "./DevicePage";
import { matching, sorted } from "./sorting";
import type { Column, Order } from "./sorting";

const columns: readonly { column: Column; title: string; className?: string }[] = [
  { column: "device", title: "Device" },
  { column: "last_seen", title: "Last seen" },
  { column: "records", title: "Records", className: "num hide-phone" },
  { column: "anomalies", title: "Anomalies", className: "num" },
  { column: "open_alerts", title: "Open alerts", className: "num hide-phone" },
];

const rowsStep = 200;

function Head({ order, setOrder }: { order: Order; setOrder: (order: Order) => void }) {
  return (
    <thead>
      <tr>
        {columns.map(({ column, title, className }) => {
          const on = order.column === column;
          const state = on ? (order.descending ? "descending" : "ascending") : "none";
          return (
            <th key={column} scope="col" className={className} aria-sort={state}>
              <button type="button" className="sort" data-on={on} onClick={() => setOrder({ column, descending: on ? !order.descending : column !== "device" })}>
                {title}
                {on && <Icon name={order.descending ? "down" : "up"} size={11} />}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Row({ device, now }: { device: Device; now: number }) {
  const to = href(["devices", device.device]);
  return (
    <tr className="press" onClick={() => go(to)}>
      <td className="wrap"><a className="strong" href={to} onClick={(event) => event.stopPropagation()}>{device.device}</a></td>
      <td className="soft whole" title={dateTime(device.last_seen)}>{ago(device.last_seen, now)}</td>
      <td className="num hide-phone" title={`${count(device.flows)} flows, ${count(device.readings)} readings`}>{count(device.flows + device.readings)}</td>
      <td className={device.anomalies > 0 ? "num alarm strong" : "num muted"}>{count(device.anomalies)}</td>
      <td className="num hide-phone">{device.open_alerts > 0 ? <span className="pill">{count(device.open_alerts)}</span> : <span className="muted">0</span>}</td>
    </tr>
  );
}

function Table({ devices, text }: { devices: readonly Device[]; text: string }) {
  const [order, setOrder] = useState<Order>({ column: "anomalies", descending: true });
  const [rows, setRows] = useState(rowsStep);
  const now = useNow();
  const shown = useMemo(() => sorted(matching(devices, text), order), [devices, text, order]);
  if (shown.length === 0) {
    return <Empty icon="search" title="No device matches">No name of a device contains “{text.trim()}”.</Empty>;
  }
  return (
    <>
      <div className="table-box">
        <table className="table">
          <Head order={order} setOrder={setOrder} />
          <tbody>{shown.slice(0, rows).map((device) => <Row key={device.device} device={device} now={now} />)}</tbody>
        </table>
      </div>
      {shown.length > rows && (
        <div className="more"><button type="button" className="button" onClick={() => setRows(rows + rowsStep)}>Show more ({count(shown.length - rows)} left)</button></div>
      )}
    </>
  );
}

function DeviceList() {
  const devices = useDevices();
  const [query, setQuery] = useQuery();
  const text = query.get("q") ?? "";
  return (
    <>
      <PageHead title="Devices">
        <label className="search">
          <span className="visually-hidden">Search devices</span>
          <Icon name="search" size={14} />
          <input className="input" type="search" placeholder="Search devices" value={text} onChange={(event) => setQuery({ q: event.target.value })} />
        </label>
      </PageHead>
      <Panel title="Fleet" hint={devices.data && counted(devices.data.length, "device")} flush>
        <Answer of={devices} rows={8}>
          {(all) => all.length > 0 ? <Table devices={all} text={text} /> : (
            <Empty icon="devices" title="No device has spoken yet">
              A device appears with its first message on <code>iot/&lt;device&gt;/flow</code> or <code>iot/&lt;device&gt;/sensor</code>. To see some at once, run <code>vedette demo</code>.
            </Empty>
          )}
        </Answer>
      </Panel>
    </>
  );
}

export function DevicesPage({ rest }: { rest: string[] }) {
  return rest[0] ? <DevicePage key={rest[0]} device={rest[0]} /> : <DeviceList />;
}
