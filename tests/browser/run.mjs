/**
 * Drives the dashboard of a running service with a real browser: signs in, sees verdicts arrive,
 * visits every page wide and at 360 px, and leaves screenshots. See README.md.
 *
 *   VEDETTE_URL=http://127.0.0.1:8080 VEDETTE_USER=admin VEDETTE_PASSWORD=… node run.mjs [folder]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const require = createRequire(new URL("../../dashboard/package.json", import.meta.url));

const settings = {
  url: process.env.VEDETTE_URL,
  user: process.env.VEDETTE_USER,
  password: process.env.VEDETTE_PASSWORD,
  browser: process.env.VEDETTE_BROWSER ?? "/usr/bin/chromium",
  /** How long verdicts may take to arrive: the service may still be connecting to its broker. */
  patience: Number(process.env.VEDETTE_PATIENCE_SECONDS ?? 30) * 1000,
  folder: resolve(process.argv[2] ?? "screenshots"),
};

const browserArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const pages = ["", "incidents", "alerts", "devices", "verdicts", "models", "exclusions", "sensitivity", "quarantine", "account"];
const wide = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const narrow = { width: 360, height: 740 };

class Failure extends Error {}
function check(holds, sentence) {
  if (!holds) throw new Failure(sentence);
}

/** Everything the page complained about, and everybody it spoke to. */
function watch(page, origin) {
  const seen = { errors: [], strangers: new Set(), signedIn: false };
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const at = message.location().url;
    // Before somebody is signed in "who am I" and a wrong password are answered with 401, and the
    // browser reports that by itself.
    const expected = !seen.signedIn && /\/api\/v1\/(me|login)$/.test(at) && message.text().includes("401");
    // How the page learns that a service has no simulated fleet.
    const absent = /\/api\/v1\/(simulation|scoreboard)$/.test(at) && message.text().includes("404");
    if (!expected && !absent) seen.errors.push(`${message.text()} (${at || "no address"})`);
  });
  page.on("pageerror", (error) => seen.errors.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== new URL(origin).host) seen.strangers.add(url.host);
  });
  return seen;
}

async function settle(page) {
  await page.waitForFunction(() => document.querySelector("main h1, main .state"), null, { timeout: 10_000 });
  await page.waitForFunction(() => !document.querySelector("[aria-label=Loading]"), null, { timeout: 10_000 });
  // Two frames: the charts draw after the layout.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

async function visit(page, path) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${path}`);
  await settle(page);
}

/** Names the element that is wider than the screen, so that a failure can be mended. */
async function overflow(page) {
  return page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return null;
    const wideOnes = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > room + 1);
    const one = wideOnes.at(0);
    return `${document.documentElement.scrollWidth} px wide on ${room} px${one ? `, first <${one.tagName.toLowerCase()} class="${one.className}">` : ""}`;
  });
}

const shot = (page, name) => page.screenshot({ path: join(settings.folder, `${name}.png`) });

async function refusesWrongPassword(page) {
  await page.getByLabel("User").fill(settings.user);
  await page.getByLabel("Password").fill(`not ${settings.password}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor({ timeout: 10_000 });
  check(!(await page.getByRole("navigation").count()), "A wrong password opened the dashboard.");
}

async function signIn(page, seen) {
  await page.getByLabel("User").fill(settings.user);
  await page.getByLabel("Password").fill(settings.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  const opened = page.getByRole("heading", { name: "Overview" }).waitFor({ timeout: 10_000 }).then(() => true, () => false);
  check(await opened, `Signing in as "${settings.user}" did not lead to the overview.`);
  seen.signedIn = true;
}

const liveCount = (page) =>
  page.getByTestId("live-count").getAttribute("data-count", { timeout: 5_000 }).then(Number, () => -1);

async function verdictsArrive(page) {
  const until = Date.now() + settings.patience;
  let first = await liveCount(page);
  check(first >= 0, "The overview has no count of live verdicts.");
  for (;;) {
    await page.waitForTimeout(500);
    const now = await liveCount(page);
    if (now > first) break;
    check(Date.now() < until, `No live verdict arrived within ${settings.patience / 1000} s: the count stayed at ${now}.`);
    first = now;
  }
  check((await page.getByTestId("live-verdict").count()) > 0, "Verdicts are counted but no row is shown.");
}

async function lawIsShown(page) {
  const law = (await page.getByRole("region", { name: "Message balance" }).innerText()).replaceAll("\n", " ");
  const [received, verdicts, quarantined, waiting] = [...law.matchAll(/([\d,]+) (?:received|verdicts|quarantined|waiting)/g)]
    .map((match) => Number(match[1].replaceAll(",", "")));
  check(waiting !== undefined, `The message balance is incomplete: "${law}".`);
  check(received === verdicts + quarantined + waiting, `The message balance does not hold: "${law}".`);
}

async function pauseHolds(page) {
  const button = page.getByRole("button", { name: "Pause" });
  await button.click();
  const rows = () => page.getByTestId("live-verdict").allInnerTexts().then((all) => all.join());
  const before = await rows();
  await page.waitForTimeout(1_500);
  check((await rows()) === before, "Paused verdicts went on moving.");
  await page.getByRole("button", { name: "Resume" }).click();
}

async function firstDevice(page) {
  await visit(page, "devices");
  const link = page.locator("table a").first();
  check(await link.count(), "The table of devices is empty although verdicts arrived.");
  const name = await link.innerText();
  await link.click();
  await settle(page);
  check((await page.locator("h1").innerText()) === name, `The page of device "${name}" did not open.`);
  return `devices/${encodeURIComponent(name)}`;
}

/** "" when there is no alert yet: whether one is raised depends on what the devices do. */
async function firstAlert(page) {
  await visit(page, "alerts");
  const link = page.locator(".alert-list a").first();
  if (!(await link.count())) return "";
  const path = (await link.getAttribute("href")).slice(2);
  await visit(page, path);
  check((await page.locator("table.reasons tbody tr").count()) > 0, "An alert shows no reasons.");
  return path;
}

/** "" when there is no incident yet. */
async function firstIncident(page) {
  await page.setViewportSize(wide);
  await inMenu(page, /^Incidents/).click();
  await settle(page);
  check((await page.locator("h1").innerText()) === "Incidents", "The menu does not lead to the incidents.");
  await page.getByRole("group", { name: "Which incidents" }).getByRole("button", { name: "All" }).click();
  await settle(page);
  const rows = page.getByTestId("incident");
  if (!(await rows.count())) return "";
  const ranks = (await page.locator("[data-testid=incident] .rank").allInnerTexts()).map((text) => Number(text.replace(/\D/g, "")));
  check(ranks.every((rank, i) => i === 0 || rank <= ranks[i - 1]), `Incidents are not by rank: ${ranks.join(", ")}.`);
  // By its number: an incident that grows changes its title, and its place.
  const id = await rows.first().getAttribute("data-id");
  await page.locator(`[data-testid=incident][data-id="${id}"]`).click();
  await settle(page);
  const title = await page.locator("h1").innerText();
  check(title !== "" && title !== "Incidents", `Incident ${id} did not open.`);
  return `incidents/${id}`;
}

/** The alerts of the open incident: on the strip of time, and the first with its reasons. */
async function incidentTells(page) {
  check(await appears(page.getByTestId("incident-alert"), 10_000), "An incident shows no alerts.");
  check((await page.getByTestId("strip-lane").count()) > 0, "An incident shows no strip of time.");
  const first = page.getByTestId("incident-alert").first();
  check((await first.locator(".why").innerText()) !== "", "An alert of an incident says no sentence.");
  check((await first.locator("table.reasons tbody tr").count()) > 0, "An alert of an incident shows no reasons.");
  const acknowledge = page.getByRole("button", { name: "Acknowledge", exact: true });
  if (!(await acknowledge.count())) return;
  await acknowledge.click();
  const back = page.getByRole("button", { name: "Take back acknowledgement" });
  check(await appears(back, 10_000), "An incident cannot be acknowledged.");
  await back.click();
  check(await appears(acknowledge, 10_000), "An acknowledgement cannot be taken back.");
}

/** Excludes what the incident is about, looks at the preview first, and deletes it again. */
async function exclusionComesAndGoes(page, incident, device) {
  await visit(page, incident || `exclusions/new?device=${device}`);
  if (incident) {
    await page.getByRole("region", { name: "Your opinion" }).getByRole("link", { name: "Exclude this…" }).click();
    await settle(page);
  }
  check((await page.locator("h1").innerText()) === "New exclusion", "The form of an exclusion did not open.");
  const preview = page.getByTestId("preview");
  check(await appears(preview, settings.patience), `An exclusion has no preview: ${(await page.getByRole("alert").allInnerTexts()).join() || "no answer"}`);
  const hidden = Number((await page.getByTestId("preview-hidden").innerText()).replace(/\D/g, ""));
  check(!incident || hidden > 0, "An exclusion of what an incident is about would hide nothing.");
  await shot(page, "dark-exclusion-preview");
  const reason = `browser test ${new Date().toISOString()}`;
  await page.getByLabel("Why").fill(reason);
  await page.getByRole("button", { name: "Exclude", exact: true }).click();
  const row = page.getByTestId("exclusion").filter({ hasText: reason });
  check(await appears(row, 10_000), `The exclusion was not saved: ${(await page.getByRole("alert").allInnerTexts()).join() || "it is not in the list"}`);
  await row.getByRole("button", { name: /^Delete exclusion/ }).click();
  await row.getByRole("button", { name: "Delete", exact: true }).click();
  const gone = row.waitFor({ state: "detached", timeout: 10_000 }).then(() => true, () => false);
  check(await gone, "The exclusion was deleted but is still listed.");
}

/** What works now is said; trying another threshold changes nothing. */
async function sensitivityTells(page) {
  await visit(page, "sensitivity");
  check(await appears(page.getByTestId("working"), 10_000), "No model says by which threshold it works.");
  check(await appears(page.getByTestId("preview"), settings.patience), "A threshold cannot be tried on the past.");
  const before = await page.getByTestId("working").first().innerText();
  await page.getByLabel("A record is anomalous from this score on").fill("0.999");
  await page.waitForTimeout(1_500);
  check((await page.getByTestId("working").first().innerText()) === before, "Trying a threshold changed the one that works.");
}

const inMenu = (page, name) => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name });

async function menuWorks(page) {
  await page.setViewportSize(phone);
  await visit(page, "");
  await page.getByRole("button", { name: "Menu", exact: true }).click();
  await inMenu(page, "Models").click();
  await settle(page);
  check((await page.locator("h1").innerText()) === "Models", "The menu of the narrow page does not lead to the models.");
}

async function verdictExpands(page) {
  await visit(page, "verdicts");
  await page.locator("tbody tr button").first().click();
  const fields = page.locator("dl.fields dt");
  check((await fields.count()) > 0, "An opened verdict shows no fields of its record.");
}

const appears = (locator, timeout) => locator.first().waitFor({ timeout }).then(() => true, () => false);

/** Only a service that runs a simulated fleet has a page of it. */
async function runsFleet(page) {
  const status = await page.evaluate(() => fetch("api/v1/simulation").then((answer) => answer.status));
  check(status === 200 || status === 404, `GET /api/v1/simulation answered ${status}.`);
  if (status === 404) return false;
  const linked = await appears(page.getByRole("link", { name: "Fleet", exact: true }), 10_000);
  check(linked, "The service runs a fleet but the menu has no page of it.");
  return true;
}

/** Starts an attack by hand, sees it run, sees its records scored, and stops it. */
async function attackIsScored(page) {
  await page.setViewportSize(wide);
  await page.getByRole("link", { name: "Fleet", exact: true }).click();
  await settle(page);
  check((await page.locator("h1").innerText()) === "Fleet", "The menu does not lead to the fleet.");
  await page.getByLabel("Length in seconds").fill("600");
  const cards = page.getByTestId("kind");
  check(await appears(cards, 10_000), "The page of the fleet offers no attack.");
  // A flood makes many records a second, so that the scoreboard need not be waited for.
  const floods = cards.filter({ has: page.locator(".badge", { hasText: "DDoS" }) });
  const card = (await floods.count()) > 0 ? floods.first() : cards.first();
  const kind = await card.getAttribute("data-kind");
  await card.getByRole("button").click();
  const said = card.locator("[role=status][data-number]");
  check(await appears(said, 10_000), `"${kind}" did not start: ${(await card.getByRole("alert").allInnerTexts()).join() || "no answer"}`);
  const number = await said.getAttribute("data-number");
  const running = page.locator(`[data-testid=running][data-number="${number}"]`);
  check(await appears(running, 10_000), `Episode ${number} (${kind}) was started but is not shown as running.`);
  const lane = page.locator(`[data-testid=lane][data-number="${number}"][data-cause="${kind}"]`);
  check(await appears(lane, settings.patience), `Episode ${number} (${kind}) is not on the scoreboard after ${settings.patience / 1000} s.`);
  check(/^\d+ of [1-9]\d* found/.test(await page.getByTestId("headline").innerText()), "The scoreboard has an episode but its headline counts none.");
  await shot(page, "dark-fleet-running");
  await running.getByRole("button").click();
  const gone = running.waitFor({ state: "detached", timeout: 10_000 }).then(() => true, () => false);
  check(await gone, `Episode ${number} (${kind}) was stopped but still runs.`);
}

async function everyPage(page, all, size, scheme, prefix) {
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: scheme });
  for (const path of all) {
    await visit(page, path);
    check(!(await page.locator(".state.error").count()), `Page "${path || "overview"}" shows an error: ${await page.locator(".state.error").allInnerTexts()}`);
    const name = path.replace(/s\/.*/, "") || "overview";
    if (prefix) await shot(page, `${prefix}-${name}`);
    const problem = await overflow(page);
    check(!problem, `Page "${name}" overflows at ${size.width} px: ${problem}.`);
  }
}

async function walk(page, seen) {
  await page.goto(settings.url);
  await page.getByLabel("User").waitFor({ timeout: 10_000 });
  await shot(page, "dark-signin");
  await refusesWrongPassword(page);
  await signIn(page, seen);
  await verdictsArrive(page);
  await lawIsShown(page);
  await pauseHolds(page);
  await verdictExpands(page);
  const fleet = await runsFleet(page);
  if (fleet) await attackIsScored(page);
  const device = await firstDevice(page);
  const incident = await firstIncident(page);
  if (incident) await incidentTells(page);
  await exclusionComesAndGoes(page, incident, device.replace("devices/", ""));
  await sensitivityTells(page);
  const all = [...pages, fleet ? "fleet" : "", device, incident, await firstAlert(page), "exclusions/new"].filter((path, i) => path || i === 0);
  await everyPage(page, all, wide, "dark", "dark");
  await everyPage(page, all, wide, "light", "light");
  await everyPage(page, all, phone, "dark", "phone-dark");
  await everyPage(page, all, phone, "light", "phone-light");
  await everyPage(page, all, narrow, "dark", "");
  await menuWorks(page);
  check(seen.errors.length === 0, `The console has errors: ${seen.errors.join("; ")}`);
  check(seen.strangers.size === 0, `The page spoke to other hosts: ${[...seen.strangers].join(", ")}`);
  return [
    fleet ? "" : "; this service runs no fleet, so the page of the fleet was not tried",
    incident ? "" : "; no incident was raised, so none was opened",
  ].join("");
}

async function main() {
  for (const name of ["url", "user", "password"]) {
    check(settings[name], `Set VEDETTE_${name.toUpperCase()}: the browser test needs a running service to sign in to.`);
  }
  mkdirSync(settings.folder, { recursive: true });
  const { chromium } = require("playwright-core");
  const profile = mkdtempSync(join(tmpdir(), "vedette-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: settings.browser,
    headless: true,
    args: browserArguments,
    viewport: wide,
    colorScheme: "dark",
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const seen = watch(page, settings.url);
  try {
    return await walk(page, seen);
  } catch (error) {
    await shot(page, "failure").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

main().then(
  (remark) => console.log(`browser test passed; screenshots in ${settings.folder}${remark}`),
  (error) => {
    console.error(`browser test failed: ${error instanceof Failure ? error.message : error.stack}`);
    process.exit(1);
  },
);
