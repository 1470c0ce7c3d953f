// Figures that are not the cost of one command: transfers, latencies, and what TorchServe takes to register an archive.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bin, node, ours, pack } from "./jobs.js";
import { spread } from "./measure.js";
import { call, missing, python } from "./peers.js";
import { countRequests } from "./remote.js";

const one = (value) => ({ min: value, median: value, max: value });

/** How much of a large archive inspecting it over HTTP transfers. */
export async function remoteInspect(meter, cwd) {
  const { requests, bytes } = await countRequests(join(cwd, "weights.mar"), (url) =>
    meter.run({ argv: ours("inspect", url).argv, cwd }),
  );
  return {
    targets: [
      { peer: null, of: "requests", atMost: 4 },
      { peer: null, of: "bytes", atMost: 1e6 },
    ],
    results: { ours: { requests: one(requests), bytes: one(bytes) } },
    skipped: {},
  };
}

/** How much of the time of one core is left with all of them, ours against pigz. */
export async function compressing(run) {
  const why = missing(["pigz", "taskset"]);
  const targets = [{ peer: "pigz", of: "ratio", atMost: 1.1 }];
  if (why !== null) return { targets, results: {}, skipped: { pigz: why } };
  const calls = {
    ours: ours("archive", ...pack("int8.bin", "--extra-files", "vocab.txt")).argv,
    pigz: call("pigz", "-6kc", "int8.bin", "vocab.txt"),
  };
  const results = {};
  for (const [name, argv] of Object.entries(calls)) {
    const [all, alone] = [[], []];
    for (const _ of [1, 2]) {
      all.push((await run({ argv })).wall);
      alone.push((await run({ argv: call("taskset", "-c", "0", ...argv) })).wall);
    }
    results[name] = { ratio: one(Math.min(...all) / Math.min(...alone)) };
  }
  return { targets, results, skipped: {} };
}

/** Latency of our lowering of TorchScript against PyTorch's own ONNX export of the same model, both in ONNX Runtime. */
export function lowering(cwd, seconds) {
  const argv = [bin, "bench", "torchscript.mar", "--baseline", "onnx.mar", "--json", "--no-throughput"];
  const { stdout } = spawnSync(node, [...argv, "--duration", String(seconds)], {
    cwd,
    encoding: "utf8",
  });
  const { ratio, interval } = JSON.parse(stdout).results[0].comparison;
  return {
    targets: [{ peer: "PyTorch's own ONNX export", of: "ratio", atMost: null }],
    results: {
      ours: { ratio: { min: ratio, median: ratio, max: interval.high, low: interval.low } },
      "PyTorch's own ONNX export": { ratio: one(1) },
    },
    skipped: {},
  };
}

/** The class that runs a real server for `verify --engine torchserve`; the package does not export it. */
async function torchServe() {
  const outfile = join(import.meta.dirname, "../coverage/bench-torchserve.mjs");
  const entryPoints = [join(import.meta.dirname, "../src/torchserve/server.ts")];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  const { TorchServe } = await import(outfile);
  return TorchServe;
}

/** Seconds until TorchServe has registered an archive, without workers: it unpacks it and digests it. */
export async function registering(archives, cwd, rounds) {
  const theirs = "torch-model-archiver default";
  const targets = [{ peer: theirs, atMost: 1 }];
  const why = missing(["python:ts", "java"]) ?? (archives[theirs] === undefined ? `${theirs} is not installed` : null);
  if (why !== null) return { targets: [], results: {}, skipped: { TorchServe: why } };
  const TorchServe = await torchServe();
  const server = await TorchServe.start({ python, timeoutMs: 60_000 });
  const times = Object.fromEntries(Object.keys(archives).map((name) => [name, []]));
  try {
    // The first registration of a server loads classes for whoever comes first.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, file] of Object.entries(archives)) {
        const start = performance.now();
        await server.register(join(cwd, file), 0);
        if (round > 0) times[name].push((performance.now() - start) / 1000);
        await server.unregister();
      }
    }
  } finally {
    await server.close();
  }
  const results = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, { wall: spread(all) }]));
  return { targets, results, skipped: {} };
}
