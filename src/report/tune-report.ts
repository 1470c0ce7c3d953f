import type { ChalkInstance } from "chalk";
import type { TunePoint, TuneResult } from "../bench/tune.ts";
import { trustLine } from "../bench/trust.ts";
import { short } from "./bench-text.ts";
import { plural, printable, wrap } from "./text.ts";

/** One measured point, as it is printed while the search goes on. */
export function renderPoint(point: TunePoint): string {
  const { workers, threads, batch, rowsPerSecond, p99, within } = point;
  const cells = [
    plural(workers, "worker").padStart(10),
    (threads === 0 ? "default threads" : plural(threads, "thread")).padStart(15),
    `batch ${batch}`.padEnd(9),
    `${short(rowsPerSecond)} requests/s`.padStart(18),
    `p99 ${short(p99)} ms`.padStart(14),
  ];
  return `  ${cells.join("  ")}${within ? "" : "  over the limit"}`;
}

/** What the search found: the best beside the default, the settings, trust, and the verdict last. */
export function renderTune(result: TuneResult, verdict: string, chalk: ChalkInstance, width: number): string {
  const { best, standard, advice, machine } = result;
  const cores = `${plural(machine.physicalCores, "core")}${machine.cpuQuota === null ? "" : `, quota ${machine.cpuQuota}`}`;
  const simd = machine.simd.filter((name) => /avx2|avx512f|vnni|amx|asimd|sve/.test(name)).join(" ");
  const facts = [cores, plural(machine.numaNodes, "NUMA node"), simd].filter((text) => text !== "").join(", ");
  const gain = best === null || standard === null ? null : best.rowsPerSecond / standard.rowsPerSecond;
  return [
    "",
    `  ${result.engine} on ${printable(machine.processor ?? "this machine")}: ${facts}`,
    ...(result.otherEngine === null ? [] : [chalk.yellow(`  ${printable(result.otherEngine)}`)]),
    ...(gain === null
      ? []
      : [`  best: ${gain === 1 ? "the default" : `${gain.toFixed(2)} × the throughput of the default`}`]),
    "",
    ...(advice === null
      ? []
      : [
          `  minWorkers: ${advice.minWorkers}`,
          `  maxWorkers: ${advice.maxWorkers}`,
          `  batchSize: ${advice.batchSize}`,
          `  maxBatchDelay: ${advice.maxBatchDelay}`,
          `  OMP_NUM_THREADS=${advice.threads}`,
          "",
        ]),
    ...wrap(`Trust: ${trustLine(result.trust, plural(result.points.length, "point"))}`, Math.max(40, width - 2)).map(
      (line) => `  ${line}`,
    ),
    "",
    `${verdict === "ready" ? chalk.green.bold(verdict) : chalk.yellow.bold(verdict)}${best === null ? "" : `   p99 ${short(best.p99)} ms at ${short(best.rowsPerSecond)} requests/s`}`,
    "",
  ].join("\n");
}
