/** The table of pages: the only place where addresses meet features. */
import { lazy } from "react";
import type { ComponentType } from "react";
import type { IconName } from "@/components/Icon";
import { OverviewPage } from "@/features/overview";

export interface PageEntry {
  /** The first part of the address; "" is the front page. */
  path: string;
  title: string;
  icon: IconName;
  component: ComponentType<{ rest: string[] }>;
  /** Not in the menu: reached from this page, which stays marked there. */
  under?: string;
  /** Only in the menu when the service has a simulated fleet or a scoreboard. */
  ofFleet?: true;
}

const Devices = lazy(() => import("@/features/devices").then((m) => ({ default: m.DevicesPage })));
const Verdicts = lazy(() => import("@/features/verdicts").then((m) => ({ default: m.VerdictsPage })));
const Incidents = lazy(() => import("@/features/incidents").then((m) => ({ default: m.IncidentsPage })));
const Alerts = lazy(() => import("@/features/alerts").then((m) => ({ default: m.AlertsPage })));
const Fleet = lazy(() => import("@/features/fleet").then((m) => ({ default: m.FleetPage })));
const Models = lazy(() => import("@/features/models").then((m) => ({ default: m.ModelsPage })));
const Exclusions = lazy(() => import("@/features/exclusions").then((m) => ({ default: m.ExclusionsPage })));
const Sensitivity = lazy(() => import("@/features/sensitivity").then((m) => ({ default: m.SensitivityPage })));
const Quarantine = lazy(() => import("@/features/quarantine").then((m) => ({ default: m.QuarantinePage })));
const Account = lazy(() => import("@/features/account").then((m) => ({ default: m.AccountPage })));

export const pages: readonly PageEntry[] = [
  { path: "", title: "Overview", icon: "overview", component: OverviewPage },
  { path: "incidents", title: "Incidents", icon: "incidents", component: Incidents },
  { path: "alerts", title: "Alerts", icon: "alerts", component: Alerts, under: "incidents" },
  { path: "devices", title: "Devices", icon: "devices", component: Devices },
  { path: "verdicts", title: "Verdicts", icon: "verdicts", component: Verdicts },
  { path: "fleet", title: "Fleet", icon: "fleet", component: Fleet, ofFleet: true },
  { path: "models", title: "Models", icon: "models", component: Models },
  { path: "exclusions", title: "Exclusions", icon: "exclusions", component: Exclusions },
  { path: "sensitivity", title: "Sensitivity", icon: "sensitivity", component: Sensitivity },
  { path: "quarantine", title: "Quarantine", icon: "quarantine", component: Quarantine },
  { path: "account", title: "Account", icon: "account", component: Account },
];
