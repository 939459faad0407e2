import type { ReactNode } from "react";

interface TileProps {
  name: string;
  value: ReactNode;
  unit?: string;
  under: ReactNode;
  to?: string;
  alarm?: boolean;
}

/** One number that must be seen from across the room. */
export function Tile({ name, value, unit, under, to, alarm = false }: TileProps) {
  const inner = (
    <>
      <span className="name">{name}</span>
      <span className="value">{value}{unit && <small>{unit}</small>}</span>
      <span className="under">{under}</span>
    </>
  );
  const look = alarm ? "tile alarm" : "tile";
  return to ? <a className={look} href={to}>{inner}</a> : <div className={look}>{inner}</div>;
}
