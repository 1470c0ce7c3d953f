import type { TuneOptions, TuneResult } from "./tune.ts";

/** Whether what is recommended is within the limits, as far as this machine and engine can prove it. */
export function tuneVerdict(
  { best, otherEngine, trust, confirmation }: TuneResult,
  { slo, ownEngine = false }: Pick<TuneOptions, "slo" | "ownEngine">,
): "ready" | "not ready" | "not proven" {
  const within = confirmation === null ? best?.within : confirmation[confirmation.kept].within;
  if (best === null || (slo.length > 0 && !within)) return "not ready";
  if (slo.length === 0) return "ready";
  const another = otherEngine !== null && !ownEngine;
  return trust.noise.length > 0 || another ? "not proven" : "ready";
}
