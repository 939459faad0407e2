import { Icon } from "@/components/Icon";
import { live, useLive } from "@/lib/live";

/** What everybody must know at once, on every page. */
export function Banners() {
  const connection = useLive((state) => state.connection);
  const degraded = useLive((state) => state.degraded);
  const source = useLive((state) => state.sourceConnected);
  return (
    <div aria-live="polite">
      {connection === "lost" && (
        <div className="banner caution" data-testid="reconnect">
          <Icon name="warning" />
          <span>The live stream is lost; numbers stand still. Trying again…</span>
          <button type="button" className="button small" onClick={live.retry}>Try now</button>
        </div>
      )}
      {connection === "open" && degraded && (
        <div className="banner alarm">
          <Icon name="warning" />
          <span>The store refuses to write. Messages wait at the broker and nothing is lost; see the log of the service.</span>
        </div>
      )}
      {connection === "open" && source === false && (
        <div className="banner caution">
          <Icon name="warning" />
          <span>The source of messages is not connected. Check that the broker runs and that its address is right.</span>
        </div>
      )}
    </div>
  );
}
