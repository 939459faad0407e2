import type { Quarantined } from "@/lib/api-types";
import { usePages } from "@/lib/queries";

export function useQuarantine() {
  return usePages<Quarantined>(["quarantine"], "quarantine", { limit: 50 }, 15_000);
}
