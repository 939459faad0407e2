/**
 * The live store: one EventSource for the whole page. Events are gathered and applied together a few times a second;
 * React reads through useSyncExternalStore, so a component is drawn only when what it selects changes.
 */
import { useRef, useSyncExternalStore } from "react";
import type { Timeline } from "../api-types";
import { emptyLive, limits, withConnection, withEvents, withTimeline } from "./state";
import type { LiveEvent, LiveState } from "./state";

/** The parts of EventSource that are used; tests give their own. */
export interface Stream {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
  readyState: number;
}

export interface LiveParts {
  open: () => Stream;
  timeline: () => Promise<Timeline>;
  /** Calls back at the next drawing, or later when the page is hidden. */
  soon: (call: () => void) => void;
  later: (call: () => void, milliseconds: number) => () => void;
}

const closed = 2;
/** A tick comes every second: this long without one and the stream counts as lost. */
export const silenceMillis = 6_000;
const retryMillis = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Events waiting for a frame; a hidden page draws seldom and drops the oldest verdicts. */
const pendingMax = 2_000;

export class LiveStore {
  private state = emptyLive;
  private readonly listeners = new Set<() => void>();
  private pending: LiveEvent[] = [];
  private flushAsked = false;
  private stream: Stream | null = null;
  private stopSilence: (() => void) | null = null;
  private stopRetry: (() => void) | null = null;
  private failures = 0;

  constructor(private readonly parts: LiveParts) {}

  readonly get = (): LiveState => this.state;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (this.stream || this.stopRetry) return;
    this.set({ ...this.state, connection: "connecting" });
    this.connect();
  }

  /** Ends the stream and forgets everything: somebody signed out. */
  stop(): void {
    this.disconnect();
    this.stopRetry?.();
    this.stopRetry = null;
    this.failures = 0;
    this.pending = [];
    this.set(emptyLive);
  }

  /** Asks at once instead of waiting for the next attempt. */
  readonly retry = (): void => {
    this.stopRetry?.();
    this.stopRetry = null;
    this.disconnect();
    this.connect();
  };

  private set(next: LiveState): void {
    if (next === this.state) return;
    this.state = next;
    this.listeners.forEach((listener) => listener());
  }

  private connect(): void {
    const stream = this.parts.open();
    this.stream = stream;
    stream.addEventListener("open", () => {
      if (this.stream === stream) this.opened();
    });
    stream.addEventListener("error", () => {
      if (this.stream === stream) this.lost();
    });
    const on = (type: string, make: (value: never) => LiveEvent) =>
      stream.addEventListener(type, (event) => {
        if (this.stream === stream) this.receive(event.data, make);
      });
    on("tick", (tick) => ({ type: "tick", tick }));
    on("verdict", (verdict) => ({ type: "verdict", verdict }));
    on("alert", (change) => ({ type: "alert", change }));
    on("incident", (change) => ({ type: "incident", change }));
    on("quarantine", (message) => ({ type: "quarantine", message }));
    this.watch();
  }

  private opened(): void {
    this.failures = 0;
    this.set(withConnection(this.state, "open"));
    this.watch();
    this.parts.timeline().then(
      (timeline) => this.set(withTimeline(this.state, timeline.points)),
      () => undefined, // the chart then begins with the first ticks
    );
  }

  private receive(data: string, make: (value: never) => LiveEvent): void {
    let event: LiveEvent;
    try {
      event = make(JSON.parse(data) as never);
    } catch {
      return; // one unreadable event is no reason to lose the stream
    }
    if (event.type === "tick") this.watch();
    if (this.pending.length >= pendingMax) this.pending = this.pending.slice(-limits.verdicts);
    this.pending.push(event);
    if (this.flushAsked) return;
    this.flushAsked = true;
    this.parts.soon(() => {
      this.flushAsked = false;
      const events = this.pending;
      this.pending = [];
      if (events.length > 0) this.set(withEvents(this.state, events));
    });
  }

  private lost(): void {
    this.disconnect();
    this.set(withConnection(this.state, "lost"));
    const wait = retryMillis[Math.min(this.failures, retryMillis.length - 1)]!;
    this.failures += 1;
    this.stopRetry?.();
    this.stopRetry = this.parts.later(() => {
      this.stopRetry = null;
      this.connect();
    }, wait);
  }

  private watch(): void {
    this.stopSilence?.();
    this.stopSilence = this.parts.later(() => this.lost(), silenceMillis);
  }

  private disconnect(): void {
    this.stopSilence?.();
    this.stopSilence = null;
    if (this.stream && this.stream.readyState !== closed) this.stream.close();
    this.stream = null;
  }
}

/** Draws again only when what `select` gives changes (Object.is). */
export function useLiveOf<T>(store: LiveStore, select: (state: LiveState) => T): T {
  const last = useRef<{ state: LiveState; select: typeof select; value: T } | null>(null);
  return useSyncExternalStore(store.subscribe, () => {
    const state = store.get();
    if (last.current?.state !== state || last.current.select !== select) {
      last.current = { state, select, value: select(state) };
    }
    return last.current.value;
  });
}
