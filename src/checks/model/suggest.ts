import { dummyInputs } from "../../runtime/dummy-input.ts";
import { tryInputs } from "../../runtime/input-text.ts";
import { EngineFailure, type EngineProcess } from "../../runtime/session.ts";
import type { FedTensor } from "../../runtime/session-protocol.ts";
import type { Subject } from "../subject.ts";
import type { Prepared, PrepareOptions } from "./prepare.ts";

/** Sizes that models are commonly made for: pictures, then sequences. */
const sizes = [undefined, 32, 28, 64, 96, 128, 256, 299, 320, 384, 512, 640, 16, 8, 10, 1] as const;

/**
 * After inputs that do not fit an ONNX model: tries what its declaration allows, in the loaded session, and gives the
 * `--input` that runs. Undefined where none was found.
 */
export async function fittingInputs(
  subject: Subject,
  engine: EngineProcess,
  prepared: Prepared,
  options: PrepareOptions,
): Promise<string | undefined> {
  if (prepared.lowered) return undefined;
  const declared = (await subject.signature())?.inputs ?? [];
  const tried = new Set([shapesOf(prepared.feeds)]);
  for (const dynamicSize of sizes) {
    const inputs = dummyInputs(declared, [], { ...options, ...(dynamicSize === undefined ? {} : { dynamicSize }) });
    if (typeof inputs === "string") return undefined;
    const feeds = inputs.flatMap((input) =>
      input.kind === "tensor"
        ? [{ name: input.name ?? "", dtype: input.dtype, shape: input.shape, fill: input.fill }]
        : [],
    );
    const shapes = shapesOf(feeds);
    if (tried.has(shapes)) continue;
    tried.add(shapes);
    if (await runs(engine, feeds)) return tryInputs(inputs);
  }
  return undefined;
}

const shapesOf = (feeds: readonly FedTensor[]): string =>
  feeds.map(({ shape, dtype }) => `${shape.join("x")}:${dtype}`).join();

async function runs(engine: EngineProcess, feeds: readonly FedTensor[]): Promise<boolean> {
  try {
    await engine.run(feeds);
    return true;
  } catch (error) {
    if (error instanceof EngineFailure) return false;
    throw error;
  }
}
