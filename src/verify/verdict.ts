import type { Check, Outcome } from "../checks/check.ts";
import type { Report, Verdict } from "./report.ts";

export interface VerdictFacts {
  readonly outcomes: readonly Outcome[];
  /** Whether a failed outcome makes the archive not ready, after exceptions and `--strict`. */
  readonly stops: (outcome: Outcome) => boolean;
  readonly static: boolean;
  /** Whether the model ran. */
  readonly inferred: boolean;
}

/**
 * Any failed error: `not ready`. Else an error-level check that could not answer, or a model that did not run: `not
 * proven`. Else `ready`, or `sound` when only a static look was asked for. What is not applicable never lowers it.
 */
export function verdictOf(facts: VerdictFacts): Verdict {
  if (facts.outcomes.some(facts.stops)) return "not ready";
  const wanted = (check: Check) => check.severity === "error" && !(facts.static && check.runsModel);
  if (facts.outcomes.some(({ check, status }) => status === "skipped" && wanted(check))) return "not proven";
  if (facts.static) return "sound";
  return facts.inferred ? "ready" : "not proven";
}

/** 0 when every verdict is `ready` or `sound`; 2 when a path could not be read, or the engine kept us from an answer; else 1. */
export function exitCodeOf(verdicts: readonly (Verdict | null)[], engineMissing: boolean): 0 | 1 | 2 {
  if (verdicts.includes(null)) return 2;
  if (verdicts.every((verdict) => verdict === "ready" || verdict === "sound")) return 0;
  return engineMissing && !verdicts.includes("not ready") ? 2 : 1;
}

/** Limits count once everything else is ready. */
export function withSlo(verdict: Verdict, slo: Report["slo"]): Verdict {
  return verdict === "ready" && slo !== undefined ? slo.verdict : verdict;
}
