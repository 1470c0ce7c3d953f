import { access, constants } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { writeFailure } from "../archive/write-failure.ts";
import type { EngineName, RigOptions } from "../bench/engines.ts";
import { ArchiverError } from "../errors.ts";
import { readInputs } from "../verify/inputs.ts";
import type { Io } from "./io.ts";
import { millisecondsOf } from "./numbers.ts";

/** What `bench` and `tune` are told of the engine and its input, as commander gives it. */
export interface MeasuringFlags {
  readonly engine: EngineName;
  readonly python: string;
  readonly sample?: string;
  readonly sloEngine?: string;
  readonly input: readonly string[];
  readonly timeout: string;
  readonly tmpDir?: string;
}

/** Reads the files that the flags name. Throws ArchiverError. */
export async function rigOptions(flags: MeasuringFlags, io: Io): Promise<RigOptions & { readonly ownEngine: boolean }> {
  const { engine, python, sample, input, tmpDir } = flags;
  if (sample !== undefined && input.length > 0) {
    throw new ArchiverError("usage", "--sample and --input both say what the model is fed.", {
      remedy: "Leave one of them out.",
    });
  }
  if (engine === "torchserve" && input.length > 0) {
    throw new ArchiverError("usage", "--input gives tensors; TorchServe takes what a client sends.", {
      remedy: "Give it with --sample FILE.",
    });
  }
  const { readSample } = await import("../sample/sample-file.ts");
  return {
    engine,
    python,
    sample: sample === undefined ? null : await readSample(sample, io.cwd),
    ownEngine: flags.sloEngine === "onnxruntime",
    inputs: await readInputs(input, io.cwd),
    timeoutMs: millisecondsOf("--timeout", flags.timeout),
    project: io.cwd,
    signal: io.signal,
    ...(tmpDir === undefined ? {} : { tmpDir }),
  };
}

/** Refuses a file that could not be written when minutes of measuring are over. Throws ArchiverError. */
export async function refuseUnwritable(path: string | undefined, cwd: string): Promise<void> {
  if (path === undefined) return;
  const file = resolve(cwd, path);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  await access(exists ? file : dirname(file), constants.W_OK).catch((error: unknown) => {
    throw writeFailure(error, path);
  });
}
