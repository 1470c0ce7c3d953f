import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { dtypeOfName } from "../graph/dtype.ts";
import { packageFile } from "../package-file.ts";
import { cleanEnvironment } from "./clean-environment.ts";
import { fillBytes } from "./fill.ts";
import type { RuntimeInput } from "./runtime-input.ts";
import type { RawOutput } from "./session-protocol.ts";
import { EngineFailure } from "./session.ts";

export interface TorchEngineOptions {
  /** The Python to run; `python3` unless told. */
  readonly python: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What to run. All paths are in the fresh folder, or readable by the user anyway. */
export interface TorchRequest {
  readonly format: "torchscript" | "torch-export" | "eager";
  readonly model: string;
  /** For eager checkpoints: the file with the model's class, and the folder that its imports come from. */
  readonly modelFile?: string;
  readonly codeFolder?: string;
  readonly inputs: readonly RuntimeInput[];
  /** 0, or left out: PyTorch's own choice. */
  readonly threads?: number;
}

export interface TorchRan {
  /** `torch 2.15.0` */
  readonly engine: string;
  readonly loadMs: number;
  readonly runMs: number;
  readonly outputs: readonly RawOutput[];
  /** Largest difference of each output in a second run. */
  readonly differences: readonly number[];
  /** Whether a model that was just loaded gives no such difference: the second run met what the first had left. */
  readonly stateful: boolean;
}

/** The model, not the engine, is to blame. */
export class TorchFailure extends Error {
  readonly stage: "load" | "run";

  constructor(stage: "load" | "run", message: string) {
    super(message);
    this.name = "TorchFailure";
    this.stage = stage;
  }
}

const resultSchema = z.union([
  z.object({ missing: z.string() }),
  z.object({ failure: z.string(), stage: z.enum(["load", "run"]) }),
  z.object({
    engine: z.string(),
    loadMs: z.number(),
    runMs: z.number(),
    outputs: z.array(z.object({ dtype: z.string(), shape: z.array(z.number()), file: z.string() })),
    differences: z.array(z.number()),
    stateful: z.boolean(),
  }),
]);

/**
 * Runs a model in the user's Python with PyTorch: in a process of its own, with a time limit, in `folder` (fresh, the
 * caller removes it), without the variables of our environment. It executes the archive's code. Throws EngineFailure
 * where there is no such Python or it crashes, TorchFailure where the model fails.
 */
export async function runTorch(folder: string, request: TorchRequest, options: TorchEngineOptions): Promise<TorchRan> {
  await writeRequest(folder, request);
  await runPython(folder, options);
  const text = await readFile(join(folder, "result.json"), "utf8").catch(() => null);
  if (text === null) throw new EngineFailure("crashed", `${options.python} ended without a result`);
  const result = resultSchema.parse(JSON.parse(text.replace(/\b(?:NaN|-?Infinity)\b/g, "0")));
  if ("missing" in result) throw new EngineFailure("missing", result.missing);
  if ("failure" in result) throw new TorchFailure(result.stage, result.failure);
  const outputs = await Promise.all(result.outputs.map((output, i) => readOutput(folder, output, i)));
  return { ...result, outputs };
}

/** Writes request.json and its tensors. */
export async function writeRequest(folder: string, request: TorchRequest): Promise<void> {
  const inputs = await Promise.all(request.inputs.map((input, i) => writeInput(folder, input, i)));
  await writeFile(join(folder, "request.json"), JSON.stringify({ ...request, inputs }));
}

async function writeInput(folder: string, input: RuntimeInput, index: number): Promise<unknown> {
  if (input.kind !== "tensor") return { kind: input.kind, value: input.value };
  const { dtype, shape, fill } = input;
  const file = `input-${index}.bin`;
  await writeFile(join(folder, file), fillBytes(dtype, shape, fill));
  return { kind: "tensor", dtype, shape, file };
}

async function readOutput(
  folder: string,
  { dtype, shape, file }: { dtype: string; shape: readonly number[]; file: string },
  index: number,
): Promise<RawOutput> {
  const known = dtypeOfName(dtype);
  if (known === null) throw new TorchFailure("run", `output ${index} is of type ${dtype}`);
  return { name: `output_${index}`, dtype: known, shape, bytes: await readFile(join(folder, file)) };
}

const keptText = 4096;

function runPython(folder: string, { python, timeoutMs, signal }: TorchEngineOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ["-B", packageFile("data/torch-engine.py"), folder], {
      cwd: folder,
      env: cleanEnvironment(folder),
      stdio: ["ignore", "ignore", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...(signal ? { signal } : {}),
    });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      text = (text + part).slice(-keptText);
    });
    child.on("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      reject(new EngineFailure(missing ? "missing" : "crashed", missing ? `there is no ${python}` : error.message));
    });
    child.on("close", (code, killed) => {
      if (code === 0) resolve();
      else if (killed === "SIGKILL")
        reject(new EngineFailure("timeout", `PyTorch took longer than ${timeoutMs / 1000} s`));
      else reject(new EngineFailure("crashed", lastLine(text) ?? `${python} ended with ${killed ?? code}`));
    });
  });
}

export function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1) || undefined;
}
