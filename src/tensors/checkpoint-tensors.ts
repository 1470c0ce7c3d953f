import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";
import { readCheckpoint } from "../model/state-dict.ts";
import { openRecord, readTorchArchive } from "../model/torch-archive.ts";
import { oddStrides, type StoredTensor, stridedLayout } from "./stored-tensor.ts";

/** The tensors of a `torch.save` file, by the pickle that describes them. Throws MalformedModel and AnomalyError. */
export async function checkpointTensors(source: ByteSource): Promise<readonly StoredTensor[]> {
  const [{ records }, tensors] = [await readTorchArchive(source), await readCheckpoint(source, "torch-zip")];
  const storages = new Map<string, ByteSource>();
  const storageOf = async (key: string): Promise<ByteSource> => {
    const known = storages.get(key);
    if (known !== undefined) return known;
    const record = records.get(`data/${key}`);
    if (record === undefined) throw new MalformedModel(`there is no data/${key}`);
    const opened = await openRecord(source, record);
    storages.set(key, opened);
    return opened;
  };
  const found: StoredTensor[] = [];
  for (const { name, dtype, shape, grid, view } of tensors) {
    if (view === null) throw new MalformedModel(`the pickle does not say where ${name} lies`);
    found.push({
      name,
      dtype: grid === null ? dtype : `${dtype}, ${grid}`,
      shape,
      strides: oddStrides(shape, view.strides),
      source: await storageOf(view.key),
      parts: [stridedLayout({ width: widthOf(dtype), offset: view.offset, shape, strides: view.strides })],
    });
  }
  return found;
}

/** Bytes of an element by PyTorch's name for its type: `float8_e4m3fn`, `quint8`, `bool`. Throws MalformedModel. */
function widthOf(dtype: string): number {
  if (dtype === "bool") return 1;
  const bits = Number(/^[a-z]+(\d+)/.exec(dtype)?.[1] ?? Number.NaN);
  if (bits % 8 === 0 && bits > 0 && bits <= 128) return bits / 8;
  throw new MalformedModel(`tensors of type ${dtype}`);
}
