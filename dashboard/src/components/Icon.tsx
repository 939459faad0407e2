/** Line icons on a 16 × 16 grid, drawn here so that nothing is fetched. */
const paths = {
  overview: "M2 9l3-4 3 5 2.5-7L14 9",
  devices: "M3 3h10v6.5H3zM5.5 13h5M8 9.5V13",
  verdicts: "M2.5 4.5l1.5 1.5 2.5-3M2.5 11l1.5 1.5 2.5-3M9 4.5h5M9 11h5",
  alerts: "M8 2a4 4 0 0 0-4 4c0 4-1.5 5-1.5 5h11S12 10 12 6a4 4 0 0 0-4-4M6.7 13.5a1.5 1.5 0 0 0 2.6 0",
  incidents: "M8 1.8L14.5 13.5h-13zM8 6.3v3.2M8 11.6v.1",
  exclusions: "M2 2l12 12M6.3 4.1A6 6 0 0 1 8 3.8c3.6 0 6 4.2 6 4.2a10 10 0 0 1-1.7 2.1M4.2 5.2A10 10 0 0 0 2 8s2.4 4.2 6 4.2c.9 0 1.7-.2 2.4-.6",
  sensitivity: "M3 4.5h5M11 4.5h2M9.5 3v3M3 8h1.5M7.5 8H13M6 6.5v3M3 11.5h6M12 11.5h1M10.5 10v3",
  models: "M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM2.6 4.9L8 8l5.4-3.1M8 8v6.2",
  quarantine: "M8 1.8l5 2v4c0 3.3-2.2 5.4-5 6.4-2.8-1-5-3.1-5-6.4v-4zM6 6l4 4M10 6l-4 4",
  fleet: "M8 5.2a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6M3.6 14a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6M12.4 14a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6M7.1 5L4.5 10.5M8.9 5l2.6 5.5M5.4 12.2h5.2",
  account: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8M2.8 14c.4-2.6 2.5-4 5.2-4s4.8 1.4 5.2 4",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7",
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10M10.7 10.7L14 14",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3l8 5-8 5z",
  stop: "M4.2 4.2h7.6v7.6H4.2z",
  chevron: "M6 3.5L10.5 8 6 12.5",
  back: "M10 3.5L5.5 8l4.5 4.5",
  up: "M8 13V3.5M4 7l4-4 4 4",
  down: "M8 3v9.5M4 9l4 4 4-4",
  check: "M3 8.5l3.5 3.5L13 4.5",
  warning: "M8 2.2L14.5 13.5h-13zM8 6.5v3M8 11.6v.1",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
  upload: "M8 10.5V2.5M4.5 6L8 2.5 11.5 6M2.5 11v2.5h11V11",
  trash: "M3 4.5h10M6.5 4.5V2.8h3v1.7M4.2 4.5l.6 9h6.4l.6-9",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round">
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent-soft)" />
      <path d="M7 9l9 15 9-15" fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" />
      <circle cx="16" cy="10.5" r="2.6" fill="var(--alarm)" />
    </svg>
  );
}
