import type { ChalkInstance } from "chalk";
import type { BenchResult } from "../bench/bench.ts";
import { limitText, short, valueText } from "./bench-text.ts";
import { trustLine } from "../bench/trust.ts";
import { type Align, columns, formatDuration, formatSize, plural, printable, wrap } from "./text.ts";

/** The page that `bench` prints: engine, figures against their limits, histogram, trust, and the verdict last. */
export function renderBench(result: BenchResult, chalk: ChalkInstance, width: number): string {
  const lines = [
    `${chalk.bold(printable(result.path))}   ${result.format}`,
    "",
    `  engine: ${engineText(result)}`,
    ...(result.otherEngine === null ? [] : [chalk.yellow(`  ${printable(result.otherEngine)}`)]),
    `  input: ${printable(result.input)}`,
    "",
    ...figureLines(result),
    "",
    `  latency, ms   ${histogram(result)}`,
    ...(result.comparison === null ? [] : ["", `  ${comparisonText(result.comparison)}`]),
    "",
    ...wrap(`Trust: ${trustText(result)}`, Math.max(40, width - 2)).map((line) => `  ${line}`),
    "",
  ];
  return `${lines.join("\n")}\n${verdictLine(result, chalk)}`;
}

const isServed = ({ engine }: Pick<BenchResult, "engine">): boolean => engine.startsWith("TorchServe");

/** The engine, and what its figures include. */
export function engineText({ engine, threads }: Pick<BenchResult, "engine" | "threads">): string {
  const through = isServed({ engine }) ? "through HTTP, one client" : "the model alone";
  return [engine, ...(threads > 0 ? [plural(threads, "thread")] : []), through].join(", ");
}

/** `1.2 s, 212.0 MB read`, or why there is no such figure. */
export function fromDiskText({ fromDisk }: Pick<BenchResult, "fromDisk">): string {
  if ("reason" in fromDisk) return `not measured: ${fromDisk.reason}`;
  return `${formatDuration(fromDisk.coldMs)}, ${formatSize(fromDisk.readBytes)} read`;
}

type Row = readonly [title: string, value: string, limit: string, answer: string];

function figureLines(result: BenchResult): string[] {
  const { latency, throughput } = result;
  const best = throughput.toSorted((a, b) => b.rowsPerSecond - a.rowsPerSecond)[0];
  const limit = (...metrics: readonly string[]): readonly [string, string] => {
    const judged = (result.slo?.limits ?? []).filter(({ metric }) => metrics.includes(metric));
    const single = judged.length === 1;
    return [
      judged.map((row) => `${single ? "" : `${row.metric} `}${valueText(row.limit, row.unit)}`).join(", "),
      judged.map(({ answer }) => answer).join(", "),
    ];
  };
  const ms = (...values: readonly number[]): string => `${values.map(short).join(" · ")} ms`;
  const served = isServed(result);
  const rows: Row[] = [
    ["", "this machine", result.slo === null ? "" : "limit", ""],
    ["model load", formatDuration(result.loadMs), ...limit("load")],
    [served ? "register to first 200" : "cold start", formatDuration(result.coldStartMs), ...limit("cold")],
    ...("reason" in result.fromDisk ? [] : [["  from the disk", fromDiskText(result), "", ""] as const]),
    ["first run", formatDuration(result.firstMs), ...limit("first")],
    ["min · mean · max, batch 1", ms(latency.min, latency.mean, latency.max), ...limit("mean", "max")],
    [
      "p50 · p90 · p95 · p99, batch 1",
      ms(latency.p50, latency.p90, latency.p95, latency.p99),
      ...limit("p50", "p90", "p95", "p99"),
    ],
    ...(best === undefined ? [] : [["throughput", `${short(best.rowsPerSecond)} requests/s`, ...limit("rps")] as Row]),
    [served ? "peak memory of the workers" : "peak memory", formatSize(result.peakMemory), ...limit("rss")],
  ];
  const points = throughput.map((point): string[] => [
    plural(point.workers, "worker"),
    plural(point.threads, "thread"),
    `batch ${point.batch}`,
    `${short(point.rowsPerSecond)} requests/s`,
    `p99 ${short(point.p99)} ms`,
  ]);
  const right: readonly Align[] = ["left", "right", "right", "left"];
  return [
    ...columns(rows, right).map((line) => `  ${line}`),
    ...(points.length === 0
      ? []
      : ["", ...columns(points, ["right", "right", "left", "right", "right"]).map((line) => `  ${line}`)]),
  ];
}

const blocks = " ▁▂▃▄▅▆▇█";

/** `0.4 ▁▂▅█▇▃▁▁ 1.2`: from the fastest run to the slow ones. */
export function histogram({ bins }: Pick<BenchResult, "bins">): string {
  const most = Math.max(1, ...bins.counts);
  const bars = bins.counts.map((count) => blocks[Math.ceil((count / most) * (blocks.length - 1))] ?? " ").join("");
  return `${short(bins.from)} ${bars} ${short(bins.to)}`;
}

export function comparisonText({
  baseline,
  ratio,
  interval,
  maxRegression,
  verdict,
}: NonNullable<BenchResult["comparison"]>): string {
  const percent = (value: number): string => `${value >= 1 ? "+" : ""}${((value - 1) * 100).toFixed(1)} %`;
  const words = { ready: "ok", "not ready": "too slow", "not proven": "not proven" } as const;
  return `against ${printable(baseline)}: median ${percent(ratio)} (${percent(interval.low)} to ${percent(interval.high)}), +${(maxRegression * 100).toFixed(0)} % is allowed: ${words[verdict]}`;
}

export function trustText({ trust, latency, ended }: BenchResult): string {
  const interval = latency.p99Interval;
  const p99 = interval === null ? "too few runs for a p99" : `p99 ± ${short((interval.high - interval.low) / 2)} ms`;
  const why = ended === "confident" ? "until p99 was known" : "until the time was up";
  return trustLine(trust, `${plural(latency.runs, "run")} ${why}, ${p99}`);
}

const against = {
  ready: "no slower than the baseline by more than is allowed",
  "not ready": "slower than the baseline",
  "not proven": "against the baseline nothing is certain",
} as const;

function verdictLine({ verdict, slo, comparison }: BenchResult, chalk: ChalkInstance): string {
  if (verdict === null) return "";
  const colour = verdict === "ready" ? chalk.green.bold : verdict === "not ready" ? chalk.red.bold : chalk.yellow.bold;
  const rows = slo?.limits ?? [];
  const telling = verdict === "ready" ? rows : rows.filter(({ answer }) => answer !== "ok");
  const texts = telling.map((row) => `${limitText(row)}${row.reason === null ? "" : ` (${row.reason})`}`);
  if (comparison?.verdict === verdict) texts.push(against[verdict]);
  return `${colour(verdict)}   ${printable(texts.join("; "))}\n`;
}

/** The table of `bench --table`: one line a result, the fastest P99 first. */
export function renderTable(results: readonly BenchResult[]): string {
  const rows = results
    .toSorted((a, b) => a.latency.p99 - b.latency.p99)
    .map((result) => [
      printable(result.machine.processor ?? "unknown processor"),
      `${result.machine.cpuQuota ?? result.machine.physicalCores} cores`,
      printable(result.path.slice(result.path.lastIndexOf("/") + 1)),
      result.engine,
      formatDuration(result.coldStartMs),
      `${short(result.latency.p99)} ms`,
      result.throughput.length === 0 ? "-" : short(Math.max(...result.throughput.map((point) => point.rowsPerSecond))),
      result.trust.noise.length === 0 ? "" : "noisy",
    ]);
  const head = ["machine", "", "archive", "engine", "cold start", "p99, batch 1", "requests/s", ""];
  const align: readonly Align[] = ["left", "right", "left", "left", "right", "right", "right", "left"];
  return `${columns([head, ...rows], align).join("\n")}\n`;
}
