// Measurements as a table for people, a table for the README, and a verdict.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

const seconds = (value) => (value >= 10 ? value.toFixed(1) : value.toFixed(3)).concat(" s");
const megabytes = (value) => `${Math.round(value / 2 ** 20)} MB`;

/** One line on the machine that the absolute figures belong to. */
export function machine(folder) {
  const [first] = cpus();
  let load = "";
  try {
    load = `, load ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}`;
  } catch {
    // not Linux
  }
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `${availableParallelism()} × ${first?.model ?? "?"}, ${memory}, Node ${process.versions.node}, in ${folder}${load}`;
}

/** What a target asks, and whether it was reached: by minima; missed only by more than the spread of both sides. */
export function judge(job) {
  return job.targets.map(({ peer, atMost, of = "wall" }) => {
    const ours = job.results.ours?.[of];
    const theirs = peer === null ? null : job.results[peer]?.[of];
    if (!ours || theirs === undefined) return { peer, atMost, of, ratio: null, reached: null, clear: false };
    // Of memory and of what is left on the disk the worst run counts.
    const own = of === "rss" || of === "temporary" ? ours.max : ours.min;
    const ratio = theirs === null ? own : own / theirs.min;
    const best = theirs === null ? ours.min : ours.min / theirs.max;
    if (atMost === null) return { peer, atMost, of, ratio, reached: null, clear: false };
    return { peer, atMost, of, ratio, reached: ratio <= atMost, clear: best > atMost };
  });
}

/** A bare figure, in the unit of what it counts. */
function figure(of, value) {
  if (of === "requests") return String(value);
  if (of === "bytes" || of === "read") return `${Math.round(value / 1000)} KB`;
  return megabytes(value);
}

const worded = { wall: "", ratio: "", read: "bytes read ", rss: "memory " };

function targetText({ peer, atMost, of, ratio, reached }) {
  const what = peer === null ? (worded[of] ?? of).trim() : `${worded[of] ?? `${of} `}× ${peer}`;
  const mark = reached === null ? "" : reached ? "reached" : "missed";
  if (ratio === null) return { what, measured: "skipped", limit: "", mark };
  if (peer === null) return { what, measured: figure(of, ratio), limit: `≤ ${figure(of, atMost)}`, mark };
  const limit = atMost === null ? "" : `≤ ${Math.round(atMost * 1000) / 1000}`;
  return { what, measured: ratio.toFixed(3), limit, mark };
}

/** Every measurement with its spread, then the ratios. */
export function renderText(run) {
  const lines = [`${run.date} · ${run.machine}`, ...(run.model === null ? [] : [`models: ${run.model}`]), ""];
  for (const job of run.jobs) {
    lines.push(job.title);
    for (const [name, { wall, cpu, rss, read, size }] of Object.entries(job.results)) {
      if (wall === undefined) continue;
      const spread = `${seconds(wall.min)} (median ${seconds(wall.median)}, max ${seconds(wall.max)})`;
      const rest = [
        cpu && `cpu ${seconds(cpu.min)}`,
        rss && `rss ${megabytes(rss.max)}`,
        read && `read ${megabytes(read.min)}`,
        size && `out ${megabytes(size.min)}`,
      ];
      lines.push(`  ${name.padEnd(34)} ${spread}  ${rest.filter(Boolean).join("  ")}`);
    }
    for (const [name, why] of Object.entries(job.skipped)) lines.push(`  ${name.padEnd(34)} skipped: ${why}`);
    for (const each of judge(job)) {
      const { what, measured, limit, mark } = targetText(each);
      lines.push(`    ${what}: ${measured} ${limit} ${mark}`);
    }
    lines.push("");
  }
  return [...lines, ...run.left.map((line) => `left out: ${line}`)].join("\n");
}

/** The README's table. */
export function renderMarkdown(run) {
  const rows = run.jobs.flatMap((job) =>
    judge(job).map((each) => {
      const { what, measured, limit, mark } = targetText(each);
      return `| ${job.title} | ${what} | ${measured} | ${limit} | ${mark} |`;
    }),
  );
  const model = run.model === null ? "" : ` The models are ${run.model}.`;
  const head = `Measured ${run.date.slice(0, 10)}: ${run.machine}. Minima of interleaved runs.${model}`;
  const skipped = run.jobs.flatMap((job) => Object.entries(job.skipped).map(([name, why]) => `${name}: ${why}`));
  const left = [...new Set([...run.left, ...skipped])].map((line) => `- ${line}\n`).join("");
  return `${head}\n\n| job | against | measured | wanted | |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n${left && `\nLeft out:\n\n${left}`}`;
}

/** Ratios that are missed by more than the spread of the runs. */
export function clearlyMissed(run) {
  return run.jobs.flatMap((job) =>
    judge(job)
      .filter((each) => each.reached === false && each.clear)
      .map((each) => `${job.title}: ${each.ratio.toFixed(3)} × ${each.peer ?? each.of}, wanted ${each.atMost}`),
  );
}
