import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "./malformed.ts";
import type { ModelFormat } from "./model-format.ts";
import type { Signature } from "./signature.ts";

/**
 * What the model takes, gives and is made of, from its headers; null for a format that does not tell (a bare pickle)
 * and for a file that breaks its format: the checks of its family say how.
 */
export async function readSignature(source: ByteSource, format: ModelFormat): Promise<Signature | null> {
  const reader = readers[format];
  if (reader === undefined) return null;
  try {
    return await reader(source);
  } catch (error) {
    if (error instanceof MalformedModel) return null;
    throw error;
  }
}

type Reader = (source: ByteSource) => Promise<Signature | null>;

/** Loaded when asked for: a command that meets one format does not pay for the others. */
const readers: Readonly<Partial<Record<ModelFormat, Reader>>> = {
  onnx: async (source) => {
    const [{ readOnnx }, { onnxSignature }] = await Promise.all([
      import("./onnx/model.ts"),
      import("./onnx/signature.ts"),
    ]);
    return onnxSignature(await readOnnx(source));
  },
  safetensors: async (source) => (await import("./safetensors-signature.ts")).safetensorsSignature(source),
  "torch-zip": async (source) => (await import("./checkpoint-signature.ts")).checkpointSignature(source, "torch-zip"),
  "torch-legacy": async (source) =>
    (await import("./checkpoint-signature.ts")).checkpointSignature(source, "torch-legacy"),
};
