import { useId, useState } from "react";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Segments";
import type { ScoredEpisode, Simulation } from "@/lib/api-types";
import { number } from "@/lib/format";
import { useIsAdmin } from "@/lib/session";
import { DeviceChoice } from "./DeviceChoice";
import { KindCard } from "./KindCard";
import type { Wish } from "./KindCard";

const sorts = [["attacks", "Attacks"], ["faults", "Sensor faults"]] as const;
const lengthMax = 86_400;

export function readLength(text: string): number | null {
  const value = Number(text);
  return text.trim() !== "" && value >= 1 && value <= lengthMax ? value : null;
}

interface SettingsProps {
  devices: readonly string[];
  device: string;
  length: string;
  intensity: number;
  change: (changes: { device?: string; length?: string; intensity?: number }) => void;
}

function Settings({ devices, device, length, intensity, change }: SettingsProps) {
  const wrong = readLength(length) === null;
  const hint = useId();
  return (
    <div className="stack tight">
      <div className="wish">
        <DeviceChoice devices={devices} value={device} onChange={(value) => change({ device: value })} />
        <label className="field">
          <span>Length in seconds</span>
          <input className="input" type="number" min={1} max={lengthMax} step="any" inputMode="decimal" value={length} aria-invalid={wrong} aria-describedby={wrong ? hint : undefined} onChange={(event) => change({ length: event.target.value })} />
        </label>
        <label className="field intensity">
          <span>Intensity <output>{number(intensity)}×</output></span>
          <input className="slider" type="range" min={0.5} max={5} step={0.5} value={intensity} aria-valuetext={`${number(intensity)} times`} onChange={(event) => change({ intensity: Number(event.target.value) })} />
        </label>
      </div>
      {wrong && <p id={hint} className="small alarm" role="alert">A length is 1 to {lengthMax.toLocaleString("en")} seconds.</p>}
      <p className="small muted">Intensity multiplies the rate of an attack and the size of a fault. A device can be in one attack and one fault at a time.</p>
    </div>
  );
}

export function Chaos({ fleet, episodes }: { fleet: Simulation; episodes: readonly ScoredEpisode[] }) {
  const admin = useIsAdmin();
  const [sort, setSort] = useState<(typeof sorts)[number][0]>("attacks");
  const [wish, setWish] = useState({ device: "", length: "30", intensity: 1 });
  const seconds = readLength(wish.length);
  const ready: Wish | null = seconds === null ? null : { device: wish.device.trim(), seconds, intensity: wish.intensity };
  return (
    <Panel title="Chaos" actions={<Segments label="What to start" value={sort} options={sorts} onChange={setSort} />}>
      <div className="stack loose">
        {admin ? (
          <Settings devices={fleet.devices} {...wish} change={(changes) => setWish((old) => ({ ...old, ...changes }))} />
        ) : (
          <p className="note">You are signed in as a viewer. An administrator starts and stops what is listed here.</p>
        )}
        <ul className="kinds">
          {fleet.kinds.filter((kind) => kind.fault === (sort === "faults")).map((kind) => (
            <KindCard key={kind.name} kind={kind} wish={ready}
              running={fleet.episodes.filter((one) => one.kind === kind.name)}
              scored={episodes.filter((one) => one.cause === kind.name)} />
          ))}
        </ul>
      </div>
    </Panel>
  );
}
