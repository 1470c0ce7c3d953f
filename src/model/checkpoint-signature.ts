import type { ByteSource } from "../archive/byte-source.ts";
import type { ModelFormat } from "./model-format.ts";
import { countBy } from "./safetensors-signature.ts";
import type { Signature } from "./signature.ts";
import { readCheckpoint } from "./state-dict.ts";
import { readTorchArchive } from "./torch-archive.ts";

/** Tensors and parameter count of a `torch.save` file; its forward pass is Python code elsewhere. */
export async function checkpointSignature(source: ByteSource, format: ModelFormat): Promise<Signature> {
  const tensors = await readCheckpoint(source, format);
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
  const facts: Record<string, string> = {
    tensors: String(tensors.length),
    types: countBy(tensors.map(({ dtype }) => dtype)),
  };
  if (format === "torch-zip") {
    const { version, byteorder } = await readTorchArchive(source);
    if (version !== null) facts["file version"] = version;
    if (byteorder !== null) facts["byte order"] = byteorder;
  }
  return { inputs: [], outputs: [], operators: {}, parameters, facts, externalData: [] };
}
