import type { Anomaly, Archive } from "./archive.ts";

/** Rules that only warn: they are no reason not to unpack. A test holds them against the checks' severities. */
export const harmlessRules: ReadonlySet<string> = new Set([
  "archive/flags-differ",
  "archive/name-unmarked",
  "archive/no-end-marker",
  "archive/privileged-mode",
]);

/** What of the structure makes it unsafe to unpack anything. What only TorchServe cannot read does not count. */
export function refusals(archive: Archive): readonly Anomaly[] {
  return archive.anomalies.filter(({ rule }) => rule.startsWith("archive/") && !harmlessRules.has(rule));
}
