/** Questions that more than one feature asks. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Alert, Device, Items, Page, Status, Verdict } from "./api-types";
import { http, withQuery } from "./http";

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

export { usePages };
