/** Questions that more than one feature asks. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Alert, Device, Incident, Items, Page, Preview, PreviewAsked, Scoreboard, Simulation, Status, Verdict } from "./api-types";
import { ApiError, http, withQuery } from "./http";

export interface VerdictFilter {
  device?: string;
  kind?: string;
  anomalous?: string;
  label?: string;
  from?: string;
  to?: string;
}
export interface AlertFilter {
  device?: string;
  open?: string;
  acknowledged?: string;
  incident?: string;
}
export interface IncidentFilter {
  open?: string;
  acknowledged?: string;
  nature?: string;
  device?: string;
  /** By rank there is one page: the most urgent. */
  order: "rank" | "newest";
}

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => http.get<Status>("status", signal),
    refetchInterval: 5_000,
  });
}

export function useDevices(refetchMillis = 10_000) {
  return useQuery({
    queryKey: ["devices"],
    queryFn: ({ signal }) => http.get<Items<Device>>("devices", signal),
    refetchInterval: refetchMillis,
    select: (page) => page.items,
  });
}

/** Pages kept in memory by "show more"; older ones are reached by filtering on time. */
const pagesMax = 20;

function usePages<T>(key: unknown[], path: string, query: Record<string, string | number>, refetchMillis: number | false) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      http.get<Page<T>>(withQuery(path, { ...query, before: pageParam }), signal),
    initialPageParam: "",
    getNextPageParam: (last, all) => (last.next && all.length < pagesMax ? last.next : undefined),
    refetchInterval: refetchMillis,
  });
}

export function useVerdicts(filter: VerdictFilter, limit = 50) {
  return usePages<Verdict>(["verdicts", filter, limit], "verdicts", { ...filter, limit }, false);
}

export function useAlerts(filter: AlertFilter, limit = 50) {
  return usePages<Alert>(["alerts", filter, limit], "alerts", { ...filter, limit }, 10_000);
}

export function useIncidents(filter: IncidentFilter, limit = 50) {
  return usePages<Incident>(["incidents", filter, limit], "incidents", { ...filter, limit }, 10_000);
}

const openShown = 50;

/** The open incidents, the most urgent first; more than a page of them is "50+". */
export function useOpenIncidents() {
  const query = useIncidents({ open: "true", order: "rank" }, openShown);
  const items = query.data?.pages[0]?.items ?? [];
  const text = query.data && `${items.length}${items.length >= openShown ? "+" : ""}`;
  return { query, items, text };
}

const hourMillis = 3_600_000;
/** The service makes one preview at a time, each for at most ten seconds: ours may wait for another, or for its own past. */
const previewTries = 8;
const previewWaitMillis = 1_500;
const isBusy = (error: unknown) => error instanceof ApiError && error.status === 503;

/**
 * What the last `hours` would have been; null asks nothing. The answer to the question before stays
 * while the next one is worked out: the service looks at every stored verdict of that span.
 */
export function usePreview(asked: PreviewAsked | null, hours: number) {
  return useQuery({
    queryKey: ["preview", asked, hours],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - hours * hourMillis).toISOString();
      return http.post<Preview>("preview", { ...asked, from }, signal);
    },
    enabled: asked !== null,
    retry: (failures, error) => isBusy(error) && failures < previewTries,
    retryDelay: previewWaitMillis,
    staleTime: 30_000,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
  });
}

/** Answers null where the service has no such thing, which is no failure. */
async function ifThere<T>(path: string, signal: AbortSignal): Promise<T | null> {
  try {
    return await http.get<T>(path, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** What is not there now is not there later: a service is started with its fleet or without. */
function useIfThere<T>(key: string, refetchMillis: number | false) {
  return useQuery({
    queryKey: [key],
    queryFn: ({ signal }) => ifThere<T>(key, signal),
    staleTime: (query) => (query.state.data === null ? Infinity : 1_000),
    refetchInterval: (query) => (query.state.data === null ? false : refetchMillis),
  });
}

export const useSimulation = (refetchMillis: number | false = false) => useIfThere<Simulation>("simulation", refetchMillis);
export const useScoreboard = (refetchMillis: number | false = false) => useIfThere<Scoreboard>("scoreboard", refetchMillis);

/** Is there anything to show on the fleet's page? Asked once, for the menu. */
export function useFleetIsThere(): boolean {
  const simulation = useSimulation();
  const scoreboard = useScoreboard();
  return Boolean(simulation.data) || scoreboard.data?.enabled === true;
}

export { usePages };
