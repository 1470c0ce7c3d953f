// npm run bench [-- --quick] [--json] [--markdown] [--check] [--dir FOLDER] [--only TEXT]
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeInputs } from "./inputs.js";
import { jobs, prepared } from "./jobs.js";
import { Meter, spread } from "./measure.js";
import { missing, python } from "./peers.js";
import { countRequests } from "./remote.js";
import { clearlyMissed, machine, renderMarkdown, renderText } from "./report.js";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    dir: { type: "string", default: tmpdir() },
    only: { type: "string", default: "" },
    weights: { type: "string" },
  },
});
const quick = { weightsMb: 256, textMb: 32, rounds: 3, count: 8 };
const full = { weightsMb: 2048, textMb: 200, rounds: 5, count: 40 };
const scale = { ...(flags.quick ? quick : full), ...(flags.weights ? { weightsMb: Number(flags.weights) } : {}) };
/** A run that takes longer than this many seconds is not repeated. */
const long = 8;

const say = (text) => process.stderr.write(`${text}\n`);

/** Bytes of all files below a folder. */
function sizeOf(folder) {
  let size = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const stats = statSync(join(folder, name));
    if (stats.isFile()) size += stats.size;
  }
  return size;
}

/** One run in a fresh output folder and a fresh temporary folder, which shows what is left there. */
async function once(meter, { argv, anyCode = false }, cwd) {
  const out = mkdtempSync(join(cwd, "out-"));
  const temporary = mkdtempSync(join(cwd, "tmp-"));
  try {
    const args = argv.map((each) => each.replace("@out", out));
    const cost = await meter.run({ argv: args, cwd, env: { TMPDIR: temporary } });
    if (cost.code !== 0 && !anyCode) throw new Error(`${args.join(" ")} ended with ${cost.code}`);
    return { ...cost, size: sizeOf(out), temporary: sizeOf(temporary) };
  } finally {
    rmSync(out, { recursive: true, force: true });
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function measure(meter, job, cwd) {
  const runs = {};
  const skipped = {};
  for (const [name, { needs }] of Object.entries(job.calls)) {
    const why = missing(needs);
    if (why === null) runs[name] = [];
    else skipped[name] = why;
  }
  const rounds = job.title.startsWith("--") || job.title.startsWith("inspect") ? scale.rounds * 4 : scale.rounds;
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, costs] of Object.entries(runs)) {
      const call = job.calls[name];
      if (costs.length > 0 && (costs[0].wall > long || call.slow)) continue;
      costs.push(await once(meter, call, cwd));
    }
  }
  const results = {};
  for (const [name, costs] of Object.entries(runs)) {
    const of = (key) => spread(costs.map((cost) => cost[key]));
    const output = of("size");
    results[name] = { wall: of("wall"), cpu: of("cpu"), rss: of("rss"), size: output, temporary: of("temporary") };
  }
  return { title: job.title, targets: job.targets, results, skipped };
}

async function remote(meter, cwd) {
  const title = "inspect the weights' archive over HTTP";
  const inspect = jobs(0).find((job) => job.title === "inspect the weights' archive").calls.ours;
  const { requests, bytes } = await countRequests(join(cwd, "weights.mar"), (url) =>
    meter.run({ argv: [...inspect.argv.slice(0, -1), url], cwd }),
  );
  const one = (value) => ({ min: value, median: value, max: value });
  return {
    title,
    targets: [
      { peer: null, of: "requests", atMost: 4 },
      { peer: null, of: "bytes", atMost: 1e6 },
    ],
    results: { ours: { requests: one(requests), bytes: one(bytes) } },
    skipped: {},
  };
}

async function bench() {
  const cwd = mkdtempSync(join(flags.dir, "bench-"));
  const meter = new Meter(python);
  const run = { date: new Date().toISOString(), machine: machine(flags.dir), scale, jobs: [] };
  try {
    say(`making ${scale.weightsMb} MB of weights and ${scale.textMb} MB of int8 and text`);
    makeInputs(cwd, scale);
    mkdirSync(join(cwd, "store"));
    for (const argv of prepared(scale.count)) await meter.run({ argv, cwd });
    for (const job of jobs(scale.count)) {
      if (!job.title.includes(flags.only)) continue;
      say(job.title);
      run.jobs.push(await measure(meter, job, cwd));
    }
    if ("inspect over HTTP".includes(flags.only)) run.jobs.push(await remote(meter, cwd));
  } finally {
    meter.close();
    rmSync(cwd, { recursive: true, force: true });
  }
  return run;
}

const run = await bench();
if (flags.json) console.log(JSON.stringify(run, null, 2));
else console.log(flags.markdown ? renderMarkdown(run) : renderText(run));
const missed = flags.check ? clearlyMissed(run) : [];
for (const line of missed) say(`missed: ${line}`);
if (missed.length > 0) process.exitCode = 1;
