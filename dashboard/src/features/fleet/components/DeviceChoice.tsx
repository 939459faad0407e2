import { useId } from "react";

/** A list one can look through; a larger fleet is searched by typing. */
const listMax = 200;
const offeredMax = 50;

interface DeviceChoiceProps {
  devices: readonly string[];
  /** "": any. */
  value: string;
  onChange: (device: string) => void;
}

export function DeviceChoice({ devices, value, onChange }: DeviceChoiceProps) {
  const list = useId();
  if (devices.length <= listMax) {
    const sorted = [...devices].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    return (
      <label className="field">
        <span>Device</span>
        <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">any device</option>
          {sorted.map((name) => <option key={name}>{name}</option>)}
        </select>
      </label>
    );
  }
  const offered = [];
  for (const name of devices) {
    if (name.includes(value.trim())) offered.push(name);
    if (offered.length === offeredMax) break;
  }
  return (
    <label className="field">
      <span>Device</span>
      <input className="input" list={list} value={value} placeholder="any device" autoComplete="off" autoCapitalize="none" spellCheck={false} onChange={(event) => onChange(event.target.value)} />
      <datalist id={list}>{offered.map((name) => <option key={name} value={name} />)}</datalist>
    </label>
  );
}
