import { useQuery } from "@tanstack/react-query";
import type { Device, Items, RollUp } from "@/lib/api-types";
import { http, withQuery } from "@/lib/http";

const path = (device: string) => `devices/${encodeURIComponent(device)}`;

export function useDevice(device: string) {
  return useQuery({
    queryKey: ["devices", device],
    queryFn: ({ signal }) => http.get<Device>(path(device), signal),
    refetchInterval: 10_000,
  });
}

/** Minutes of the last `hours`, by the service's clock as far as ours agrees with it. */
export function useRollUps(device: string, hours: number) {
  return useQuery({
    queryKey: ["rollups", device, hours],
    queryFn: ({ signal }) => {
      const to = Date.now() + 60_000;
      const from = new Date(to - hours * 3_600_000).toISOString();
      return http.get<Items<RollUp>>(withQuery("rollups", { device, from, to: new Date(to).toISOString() }), signal);
    },
    refetchInterval: 30_000,
  });
}
