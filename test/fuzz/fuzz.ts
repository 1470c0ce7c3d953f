import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Coverage } from "./coverage.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    target: { type: "string" },
    findings: { type: "string", default: "fuzz-findings" },
    "stop-at-first": { type: "boolean", default: false },
  },
});

/** An input may take this long; the readers promise under a second for files of any size that they accept. */
const slowMs = 2000;
const memoryLimit = 512 * 2 ** 20;

interface Tally {
  executions: number;
  past: number;
  readonly failures: Map<string, string>;
}

/** Runs one input; what it came to, or in words what is wrong with the reader. */
async function attempt(target: Target, input: Uint8Array): Promise<boolean | string> {
  const start = performance.now();
  try {
    const { past } = await target.run(input);
    const took = performance.now() - start;
    if (took > slowMs) return `took ${Math.round(took)} ms`;
    const { rss } = process.memoryUsage();
    return rss > memoryLimit ? `used ${Math.round(rss / 2 ** 20)} MB` : past;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

async function fuzz(target: Target, seed: number, until: number): Promise<Tally> {
  const tally: Tally = { executions: 0, past: 0, failures: new Map() };
  while (performance.now() < until) {
    const input = target.generate(new Random(seed + tally.executions));
    // The parent ends us when this stays silent, and then knows the input.
    if (tally.executions % 64 === 0) process.send?.({ target: target.name, seed: seed + tally.executions });
    const result = await attempt(target, input);
    tally.executions += 1;
    if (result === true) tally.past += 1;
    if (typeof result !== "string") continue;
    // One finding of a kind is enough; numbers in the message vary.
    const kind = result.replaceAll(/\d+/gu, "N");
    if (tally.failures.has(kind)) continue;
    const file = join(values.findings, `${target.name}-${seed + tally.executions - 1}`);
    mkdirSync(values.findings, { recursive: true });
    writeFileSync(file, input);
    tally.failures.set(kind, `${result}\n    ${file}`);
    if (values["stop-at-first"]) break;
  }
  return tally;
}

const chosen = targets.filter(({ name }) => values.target === undefined || values.target === name);
if (chosen.length === 0)
  throw new Error(`no target ${values.target}; there are ${targets.map(({ name }) => name).join(", ")}`);
const coverage = new Coverage();
await coverage.start();
const seed = Number(values.seed);
let failed = false;
for (const target of chosen) {
  const tally = await fuzz(target, seed, performance.now() + (Number(values.seconds) * 1000) / chosen.length);
  const lines = await coverage.lines(fileURLToPath(import.meta.url));
  const rows = target.covers.map((file) => lines.get(`src/${file}`) ?? { ran: 0, all: 1 });
  const share = rows.reduce((sum, { ran }) => sum + ran, 0) / rows.reduce((sum, { all }) => sum + all, 0);
  const past = ((100 * tally.past) / tally.executions).toFixed(0);
  console.log(
    `${target.name}: ${tally.executions} executions, ${past} % past the container, ${(100 * share).toFixed(1)} % of the reader's lines, seed ${seed}, ${tally.failures.size} findings`,
  );
  for (const failure of tally.failures.values()) console.log(`  ${failure}`);
  failed ||= tally.failures.size > 0;
}
process.exit(failed ? 1 : 0);
