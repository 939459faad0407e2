import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { NewEpisode } from "@/lib/api-types";
import { http, withQuery } from "@/lib/http";

/** Does, then asks at once instead of at the next turn of the clock. */
function useAct<Input, Output>(key: string, act: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => void queries.invalidateQueries({ queryKey: [key] }),
  });
}

export const useStart = () =>
  useAct("simulation", (episode: NewEpisode) => http.post<{ number: number }>("simulation/episodes", episode));

/** Stops what a device does; "" stops everything. */
export const useStop = () =>
  useAct("simulation", (device: string) => http.remove<{ stopped: number }>(withQuery("simulation/episodes", { device })));

export const useReset = () => useAct<void, void>("scoreboard", () => http.post<void>("scoreboard/reset"));
