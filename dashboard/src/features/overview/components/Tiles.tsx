import { Tile } from "@/components/Tile";
import { count, counted, micros, missing, percent, rate, short } from "@/lib/format";
import { useLive } from "@/lib/live";
import { useDevices, useOpenIncidents, useStatus } from "@/lib/queries";
import { href } from "@/lib/router";

export function Tiles() {
  const status = useStatus().data;
  const devices = useDevices(5_000).data;
  const liveCounters = useLive((state) => state.counters);
  const liveRates = useLive((state) => state.rates);
  const counters = liveCounters ?? status?.counters;
  const rates = liveRates ?? status?.rates;
  const open = useOpenIncidents();
  const openAlerts = devices?.reduce((sum, device) => sum + device.open_alerts, 0);
  const alerting = devices?.filter((device) => device.open_alerts > 0).length;
  const anomalous = counters && counters.verdicts > 0 ? counters.anomalies / counters.verdicts : undefined;
  return (
    <div className="tiles">
      <Tile name="Messages" value={rate(rates?.received)} unit="/s" under={`batch of ${count(status?.lag.batch_size)} in ${micros(status?.lag.batch_micros)}`} />
      <Tile name="Verdicts" value={short(counters?.verdicts)} under={`${rate(rates?.verdicts)}/s`} to={href(["verdicts"])} />
      <Tile name="Anomalies" value={short(counters?.anomalies)} under={anomalous === undefined ? `${rate(rates?.anomalies)}/s` : `${rate(rates?.anomalies)}/s, ${percent(anomalous)} of verdicts`} to={href(["verdicts"], { anomalous: "true" })} />
      <Tile name="Open incidents" value={open.text ?? missing} alarm={open.items.length > 0} under={alerting === undefined || openAlerts === undefined ? "" : alerting === 0 ? "all quiet" : `${counted(openAlerts, "alert")} on ${counted(alerting, "device")}`} to={href(["incidents"], { show: "open" })} />
      <Tile name="Devices" value={count(devices?.length)} under={status ? `${short(status.store.flows + status.store.readings)} records stored` : ""} to={href(["devices"])} />
      <Tile name="Quarantined" value={short(counters?.quarantined)} under={`${count(counters?.waiting)} waiting`} to={href(["quarantine"])} />
    </div>
  );
}
