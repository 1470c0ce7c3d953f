import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";
import type { ModelFormat } from "../model/model-format.ts";
import type { Signature } from "../model/signature.ts";
import { LoweringError } from "./lowering-error.ts";

/** The signature of a PyTorch program; null for other formats and for a file that breaks its format. */
export async function programSignature(source: ByteSource, format: ModelFormat): Promise<Signature | null> {
  try {
    if (format === "torchscript") return await (await import("./inspect.ts")).torchscriptSignature(source);
    if (format === "torch-export") return await (await import("./exported-signature.ts")).exportedSignature(source);
    return null;
  } catch (error) {
    if (error instanceof MalformedModel || error instanceof LoweringError) return null;
    throw error;
  }
}
