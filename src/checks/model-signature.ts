import { AnomalyError } from "../archive/archive.ts";
import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";
import type { ModelFormat } from "../model/model-format.ts";
import { readSignature } from "../model/read-signature.ts";
import type { Signature } from "../model/signature.ts";

/**
 * What the model takes, gives and is made of, whatever its format; null where its headers do not tell, or break their
 * format: the checks of its family say how.
 */
export async function modelSignature(source: ByteSource, format: ModelFormat): Promise<Signature | null> {
  try {
    if (format === "torchscript") {
      const { torchscriptSignature } = await import("../torchscript/inspect.ts");
      return await torchscriptSignature(source);
    }
    if (format === "torch-export") {
      const { exportedSignature } = await import("../torchscript/exported-signature.ts");
      return await exportedSignature(source);
    }
    return await readSignature(source, format);
  } catch (error) {
    if (error instanceof MalformedModel || error instanceof AnomalyError) return null;
    const { LoweringError } = await import("../torchscript/lowering-error.ts");
    if (error instanceof LoweringError) return null;
    throw error;
  }
}
