import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useRef, useState } from "react";
import { Icon, Mark } from "@/components/Icon";
import { Bones, Empty } from "@/components/States";
import { live, useLive } from "@/lib/live";
import { useFleetIsThere, useOpenIncidents, useStatus } from "@/lib/queries";
import { href, useRoute } from "@/lib/router";
import { useSession } from "@/lib/session";
import { toggleTheme, useTheme } from "@/lib/theme";
import { Banners } from "./Banners";
import { ErrorBoundary } from "./ErrorBoundary";
import { pages } from "./pages";

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button type="button" className="button ghost icon" onClick={toggleTheme} aria-label={`Use the ${other} theme`} title={`Use the ${other} theme`}>
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </button>
  );
}

function LiveDot() {
  const connection = useLive((state) => state.connection);
  const [colour, text] = {
    open: ["accent", "Live"],
    connecting: ["", "Connecting"],
    lost: ["caution", "Reconnecting"],
  }[connection] as [string, string];
  return <span className="row"><span className={`dot ${colour}`} />{text}</span>;
}

function OpenIncidents() {
  const open = useOpenIncidents();
  if (!open.text || open.items.length === 0) return null;
  return <span className="pill" aria-label={`${open.text} open incidents`}>{open.text}</span>;
}

/** Lists of alerts and incidents ask again soon after one changed, at most every two seconds. */
function useFreshAlarms() {
  const queries = useQueryClient();
  const changes = useLive((state) => state.alarmChanges);
  const waiting = useRef(false);
  useEffect(() => {
    if (changes === 0 || waiting.current) return;
    waiting.current = true;
    setTimeout(() => {
      waiting.current = false;
      for (const name of ["alerts", "incidents"]) void queries.invalidateQueries({ queryKey: [name] });
    }, 2_000);
  }, [changes, queries]);
}

function Side({ open, close, here }: { open: boolean; close: () => void; here: string }) {
  const { me } = useSession();
  const status = useStatus();
  const fleet = useFleetIsThere();
  return (
    <aside id="side" className={open ? "side open" : "side"} aria-label="Main" onKeyDown={(event) => event.key === "Escape" && close()}>
      <a className="brand" href="#/" onClick={close}><Mark /> Vedette</a>
      <nav className="nav" aria-label="Pages">
        {pages.filter((page) => !page.under && (fleet || !page.ofFleet)).map((page) => (
          <a key={page.path} href={href(page.path ? [page.path] : [])} aria-current={page.path === here ? "page" : undefined} onClick={close}>
            <Icon name={page.icon} />
            {page.title}
            {page.path === "incidents" && <OpenIncidents />}
          </a>
        ))}
      </nav>
      <div className="side-foot">
        <div className="row"><LiveDot /><ThemeButton /></div>
        <span className="cut" title={status.data?.source.description}>{status.data?.source.description}</span>
        <div className="row"><span className="cut">{me.user}</span>{status.data && <span>v{status.data.version}</span>}</div>
      </div>
    </aside>
  );
}

export function Shell() {
  const { path } = useRoute();
  const [first = "", ...rest] = path;
  const page = pages.find((one) => one.path === first);
  const [menu, setMenu] = useState(false);
  const content = useRef<HTMLElement>(null);
  useFreshAlarms();

  const title = page?.title ?? "Not found";
  const place = path.join("/");
  useEffect(() => {
    document.title = `${title} · Vedette`;
    window.scrollTo(0, 0);
  }, [title, place]);
  useEffect(() => {
    const retry = () => live.get().connection === "lost" && live.retry();
    window.addEventListener("online", retry);
    return () => window.removeEventListener("online", retry);
  }, []);

  return (
    <div className="shell">
      <a className="skip" href={location.hash || "#/"} onClick={(event) => { event.preventDefault(); content.current?.focus(); }}>Skip to the content</a>
      <Side open={menu} close={() => setMenu(false)} here={page?.under ?? first} />
      <button type="button" className={menu ? "scrim open" : "scrim"} aria-label="Close the menu" tabIndex={-1} onClick={() => setMenu(false)} />
      <div className="main">
        <div className="topbar">
          <button type="button" className="button ghost icon" aria-label="Menu" aria-expanded={menu} aria-controls="side" onClick={() => setMenu(!menu)}>
            <Icon name="menu" />
          </button>
          <a className="brand" href="#/"><Mark size={22} /> Vedette</a>
          <span className="grow" />
          <span className="small muted"><LiveDot /></span>
          <ThemeButton />
        </div>
        <Banners />
        <main className="content" ref={content} tabIndex={-1}>
          <ErrorBoundary key={place}>
            <Suspense fallback={<section className="panel"><Bones /></section>}>
              {page ? <page.component rest={rest} /> : (
                <section className="panel"><Empty icon="search" title="There is no such page">Choose one from the menu.</Empty></section>
              )}
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
    </div>
  );
}
