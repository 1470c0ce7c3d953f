import type { ChalkInstance } from "chalk";
import type { TunePoint } from "../bench/advice.ts";
import type { Point } from "../bench/rig.ts";
import type { TuneResult } from "../bench/tune.ts";
import { trustLine } from "../bench/trust.ts";
import { short } from "./bench-text.ts";
import { columns, plural, printable, wrap } from "./text.ts";

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
  const { best, advice, machine } = result;
  const smt = machine.logicalCores > machine.physicalCores ? `, ${machine.logicalCores} hyperthreads` : "";
  const cores = `${plural(machine.physicalCores, "core")}${smt}${machine.cpuQuota === null ? "" : `, quota ${machine.cpuQuota}`}`;
  const simd = machine.simd.filter((name) => /avx2|avx512f|vnni|amx|asimd|sve/.test(name)).join(" ");
  const facts = [cores, plural(machine.numaNodes, "NUMA node"), simd].filter((text) => text !== "").join(", ");
  return [
    "",
    `  ${result.engine} on ${printable(machine.processor ?? "this machine")}: ${facts}`,
    ...(result.otherEngine === null ? [] : [chalk.yellow(`  ${printable(result.otherEngine)}`)]),
    `  input: ${printable(result.input)}`,
    "",
    ...confirmationLines(result, chalk),
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
    `${verdict === "ready" ? chalk.green.bold(verdict) : chalk.yellow.bold(verdict)}${best === null ? "" : `   ${keptText(result, best)}`}`,
    "",
  ].join("\n");
}

/** The default and the best, in turn. */
function confirmationLines({ confirmation, best, standard }: TuneResult, chalk: ChalkInstance): string[] {
  if (confirmation === null) return best === null || best !== standard ? [] : ["  best: the default"];
  const { engine, clients, gain, interval, kept } = confirmation;
  const rows = [
    ["the default", confirmation.standard] as const,
    [pointText(confirmation.best), confirmation.best] as const,
  ].map(([name, { rowsPerSecond, p99 }]) => [name, `${short(rowsPerSecond)} requests/s`, `p99 ${short(p99)} ms`]);
  const range = `${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}`;
  const word = kept === "best" ? "" : chalk.yellow("; the default stays");
  return [
    `  in turn, ${engine}${clients === null ? "" : `, ${plural(clients, "client")}`}:`,
    ...columns(rows, ["left", "right", "right"]).map((line) => `    ${line}`),
    `    ${gain.toFixed(2)} × the throughput of the default (${range})${word}`,
  ];
}

function pointText({ workers, threads, batch }: Point): string {
  return `${plural(workers, "worker")}, ${threads === 0 ? "default threads" : plural(threads, "thread")}, batch ${batch}`;
}

function keptText({ confirmation }: TuneResult, best: TunePoint): string {
  const { rowsPerSecond, p99 } = confirmation === null ? best : confirmation[confirmation.kept];
  return `p99 ${short(p99)} ms at ${short(rowsPerSecond)} requests/s`;
}
