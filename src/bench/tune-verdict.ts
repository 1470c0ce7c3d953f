import type { TuneResult } from "./tune.ts";

/** Whether the best point is within the limits, as far as this machine and engine can prove it. */
export function tuneVerdict(
  { best, otherEngine, trust }: TuneResult,
  limited: boolean,
): "ready" | "not ready" | "not proven" {
  if (best === null || (limited && !best.within)) return "not ready";
  if (!limited) return "ready";
  return trust.noise.length > 0 || otherEngine !== null ? "not proven" : "ready";
}
