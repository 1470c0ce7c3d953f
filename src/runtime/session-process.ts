// The engine's own process, forked by session.ts: the only place that imports onnxruntime-node, so that a native crash,
// a hang or running out of memory ends this process and not the tool. Holds one session at a time.
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type * as Engine from "onnxruntime-node";
import type { DType } from "../graph/dtype.ts";
import { fillBytes } from "./fill.ts";
import type {
  Answer,
  EngineValue,
  FedTensor,
  Loaded,
  LoadRequest,
  Measured,
  MeasureRequest,
  Ran,
  RawOutput,
  Request,
  RunRequest,
} from "./session-protocol.ts";
import { largestDifference, numbersOf, summarize } from "./summary.ts";

type Ort = typeof Engine;
type Session = Awaited<ReturnType<Ort["InferenceSession"]["create"]>>;

const packageName = "onnxruntime-node";

/** Beside us, then in the current project, then globally. */
function* places(project: string): Generator<string> {
  yield import.meta.url;
  yield join(project, "package.json");
  const prefix = process.env["npm_config_prefix"] ?? dirname(dirname(process.execPath));
  yield resolve(prefix, "lib", "node_modules", "package.json");
  yield resolve(dirname(process.execPath), "node_modules", "package.json");
  if (process.env["APPDATA"]) yield resolve(process.env["APPDATA"], "npm", "node_modules", "package.json");
}

function loadEngine(project: string): { ort: Ort; version: string } | string {
  let reason = `${packageName} is not installed`;
  for (const place of places(project)) {
    const require = createRequire(place);
    try {
      const path = require.resolve(packageName);
      const { version } = require(`${packageName}/package.json`) as { version: string };
      return { ort: require(path) as Ort, version };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "MODULE_NOT_FOUND") reason = `${packageName} does not load: ${messageOf(error)}`;
    }
  }
  return reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Node has no arrays of half floats: the engine takes their bits. */
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Complex numbers reach the engine as pairs of floats, a last axis of 2: it computes with no others. */
const pairs: Readonly<Partial<Record<DType, DType>>> = { complex64: "float32", complex128: "float64" };

function tensorOf(ort: Ort, { name, dtype, shape, fill }: FedTensor): Engine.Tensor {
  if (dtype === "string") {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const text = fill.kind === "bytes" ? Buffer.from(fill.bytes).toString("utf8") : fill.kind === "zeros" ? "" : "a";
    return new ort.Tensor(
      "string",
      Array.from({ length: count }, () => text),
      shape,
    );
  }
  const floats = pairs[dtype];
  if (floats !== undefined) {
    const bytes = fillBytes(dtype, shape, fill);
    const fed = { name, dtype: floats, shape: [...shape, 2], fill: { kind: "bytes", bytes, file: name } } as const;
    return tensorOf(ort, fed);
  }
  if (!(dtype in arrays)) throw new Error(`${name}: the engine takes no ${dtype} tensors from Node`);
  const bytes = fillBytes(dtype, shape, fill);
  const copy = new Uint8Array(bytes).buffer;
  const type = dtype as keyof typeof arrays;
  return new ort.Tensor(type as "float32", new arrays[type](copy) as Float32Array, shape);
}

function rawOf(name: string, tensor: Engine.Tensor): RawOutput {
  const { data } = tensor;
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(0);
  return { name, dtype: tensor.type as DType, shape: tensor.dims, bytes };
}

function valuesOf(metadata: readonly Engine.InferenceSession.ValueMetadata[]): EngineValue[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, dtype: value.type, shape: value.shape }
      : { name: value.name, dtype: null, shape: [] },
  );
}

/**
 * Optimizers that make new weights out of those in the file: worth it for a thousand runs, not for the two of a verdict.
 * (onnxruntime's core/optimizer; ResNet-50 loads in 50 ms instead of 200.)
 */
const rewriting = "ConvBNFusion;ConvMulFusion;MatmulBNFusion";

class Host {
  readonly #ort: Ort;
  #session: Session | null = null;

  constructor(ort: Ort) {
    this.#ort = ort;
  }

  async load(request: LoadRequest): Promise<Loaded> {
    await this.release();
    const started = performance.now();
    this.#session = await this.#ort.InferenceSession.create(request.bytes, {
      graphOptimizationLevel: request.optimization,
      logSeverityLevel: 3,
      ...(request.threads > 0 ? { intraOpNumThreads: request.threads } : {}),
      extra: {
        ...(request.optimization === "basic" ? { optimization: { disable_specified_optimizers: rewriting } } : {}),
        session: {
          ...(request.optimization === "basic" ? { disable_prepacking: "1" } : {}),
          ...(request.folder === null ? {} : { model_external_initializers_file_folder_path: request.folder }),
        },
      },
    });
    const loadMs = performance.now() - started;
    return { inputs: valuesOf(this.#session.inputMetadata), outputs: valuesOf(this.#session.outputMetadata), loadMs };
  }

  async run(request: RunRequest): Promise<Ran> {
    const session = this.#session;
    if (!session) throw new Error("no model is loaded");
    const feeds = Object.fromEntries(request.feeds.map((feed) => [feed.name, tensorOf(this.#ort, feed)]));
    const tensors = valuesOf(session.outputMetadata).filter((value) => value.dtype !== null);
    const names = request.outputs ?? tensors.map((value) => value.name);
    const fetched = [...new Set(names)];
    const started = performance.now();
    const results = await session.run(feeds, fetched);
    const runMs = performance.now() - started;
    const raw = new Map(fetched.map((name) => [name, rawOf(name, tensorIn(results, name))]));
    const unstable = request.twice ? changed(raw, await session.run(feeds, fetched)) : [];
    const outputs = names.map((name) => {
      const { dtype, shape, bytes } = raw.get(name) ?? rawOf(name, tensorIn(results, name));
      return summarize(name, dtype, shape, numbersOf(dtype, bytes));
    });
    return { outputs, runMs, raw: request.raw ? [...raw.values()] : null, unstable };
  }

  async measure(request: MeasureRequest): Promise<Measured> {
    const session = this.#session;
    if (!session) throw new Error("no model is loaded");
    const feeds = Object.fromEntries(request.feeds.map((feed) => [feed.name, tensorOf(this.#ort, feed)]));
    const tensors = valuesOf(session.outputMetadata).filter((value) => value.dtype !== null);
    const fetched = [...new Set(request.outputs ?? tensors.map((value) => value.name))];
    const times: number[] = [];
    const cpu = process.cpuUsage();
    const began = performance.now();
    let now = began;
    do {
      await session.run(feeds, fetched);
      const ended = performance.now();
      times.push(ended - now);
      now = ended;
    } while (now - began < request.milliseconds && times.length < request.maxRuns);
    const { user, system } = process.cpuUsage(cpu);
    const total = process.cpuUsage();
    return {
      times: Float64Array.from(times),
      elapsedMs: now - began,
      cpuMs: (user + system) / 1000,
      totalCpuMs: (total.user + total.system) / 1000,
      peakMemory: process.resourceUsage().maxRSS * 1024,
    };
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.release();
  }
}

function tensorIn(results: Engine.InferenceSession.OnnxValueMapType, name: string): Engine.Tensor {
  const value = results[name];
  if (!value || !("dims" in value)) throw new Error(`${name}: the engine gave no tensor`);
  return value as Engine.Tensor;
}

function changed(
  first: ReadonlyMap<string, RawOutput>,
  again: Engine.InferenceSession.OnnxValueMapType,
): Ran["unstable"] {
  return [...first].flatMap(([name, before]) => {
    const after = rawOf(name, tensorIn(again, name));
    const difference = largestDifference(numbersOf(before.dtype, before.bytes), numbersOf(after.dtype, after.bytes));
    return difference > 0 ? [{ name, difference }] : [];
  });
}

/** `y = Identity(x)` of one float, opset 13. */
const identity = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";

/**
 * The first session of a process registers every kernel (25 ms): made of next to nothing, and while our parent is still
 * busy with its checks. Released, since the threads of two sessions get in each other's way.
 */
async function warmUp(ort: Ort): Promise<void> {
  const session = await ort.InferenceSession.create(Buffer.from(identity, "base64"), { logSeverityLevel: 3 });
  await session.release();
}

async function answer(host: Host, request: Request): Promise<Answer> {
  try {
    switch (request.kind) {
      case "load":
        return { kind: "loaded", value: await host.load(request) };
      case "run":
        return { kind: "ran", value: await host.run(request) };
      case "measure":
        return { kind: "measured", value: await host.measure(request) };
      case "release":
        await host.release();
        return { kind: "released" };
    }
  } catch (error) {
    return { kind: "failed", message: messageOf(error) };
  }
}

function say(message: Answer): void {
  process.send?.(message);
}

process.on("disconnect", () => process.exit());
// Ctrl-C reaches the whole group; our parent decides when we end.
process.on("SIGINT", () => undefined);

const engine = loadEngine(process.argv[2] ?? process.cwd());
if (typeof engine === "string") {
  say({ kind: "missing", reason: engine });
} else {
  const host = new Host(engine.ort);
  // An engine that cannot even do this says why when it is asked for more.
  let queue: Promise<void> = warmUp(engine.ort).catch(() => undefined);
  process.on("message", (request: Request) => {
    queue = queue.then(async () => say(await answer(host, request)));
  });
  say({ kind: "started", engine: `onnxruntime ${engine.version}` });
}
