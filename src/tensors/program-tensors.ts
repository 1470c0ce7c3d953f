import type { ByteSource } from "../archive/byte-source.ts";
import { bytesOf } from "../graph/dtype.ts";
import { openProgramFile } from "../torchscript/exported/program-file.ts";
import {
  type Pickled,
  PickledDict,
  PickledGlobal,
  PickledList,
  PickledObject,
  PickledTensor,
  PickledTuple,
} from "../torchscript/file/pickled.ts";
import { readTorchScript } from "../torchscript/file/torchscript-file.ts";
import type { Weight } from "../torchscript/file/weights.ts";
import { oddStrides, type StoredTensor, stridedLayout } from "./stored-tensor.ts";

/** Parameters, buffers and constants of a TorchScript file. Throws MalformedModel, LoweringError. */
export async function torchscriptTensors(source: ByteSource): Promise<readonly StoredTensor[]> {
  const { zip, module, constants } = await readTorchScript(source);
  const storages = new Map<string, ByteSource>();
  const found: StoredTensor[] = [];
  const roots = [
    { folder: "data", name: "", value: module },
    ...constants.map((value, at) => ({ folder: "constants", name: `constants.${at}`, value })),
  ];
  for (const { folder, name, value } of roots) {
    for (const { name: full, tensor } of namedTensors(name, value)) {
      const path = `${folder}/${tensor.storage.key}`;
      const storage = storages.get(path) ?? (await zip.record(path)).source;
      storages.set(path, storage);
      const { dtype, offset, shape, strides } = tensor;
      found.push({
        ...stored(full, { storage, head: null, dtype, offset, shape, strides }),
        ...(tensor.quantizer === null ? {} : { dtype: `${dtype}, ${gridText(tensor.quantizer)}` }),
      });
    }
  }
  return found;
}

/** Parameters, buffers and constants of a file of `torch.export.save`. Throws MalformedModel, LoweringError. */
export async function exportedTensors(source: ByteSource): Promise<readonly StoredTensor[]> {
  const { tensors, constants } = await openProgramFile(source);
  return [...tensors, ...constants].map(([name, weight]) => stored(name, weight));
}

function stored(name: string, { storage, dtype, offset, shape, strides }: Weight): StoredTensor {
  return {
    name,
    dtype,
    shape,
    strides: oddStrides(shape, strides),
    source: storage,
    parts: [stridedLayout({ width: bytesOf(dtype), offset, shape, strides })],
  };
}

interface Named {
  readonly name: string;
  readonly tensor: PickledTensor;
}

/** The tensors of a pickled value by the attributes that lead to them, each object once; iterative, since files nest. */
function* namedTensors(root: string, value: Pickled): Generator<Named> {
  const seen = new Set<Pickled>();
  const waiting: { readonly name: string; readonly value: Pickled }[] = [{ name: root, value }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value !== "object" || next.value === null || seen.has(next.value)) continue;
    seen.add(next.value);
    if (next.value instanceof PickledTensor) yield { name: next.name, tensor: next.value };
    for (const child of children(next.name, next.value).toReversed()) waiting.push(child);
  }
}

function children(name: string, value: Pickled): { readonly name: string; readonly value: Pickled }[] {
  const under = (step: string): string => (name === "" ? step : `${name}.${step}`);
  if (value instanceof PickledList || value instanceof PickledTuple) {
    return value.items.map((item, at) => ({ name: under(String(at)), value: item }));
  }
  if (value instanceof PickledDict) {
    return value.entries.map(([key, item], at) => ({
      name: under(typeof key === "string" ? key : String(at)),
      value: item,
    }));
  }
  if (value instanceof PickledObject) {
    return [...children(name, value.state), ...value.arguments.map((item) => ({ name, value: item }))];
  }
  // The grid of a quantised tensor holds tensors where each channel has its own.
  if (value instanceof PickledTensor && value.quantizer !== null) return children(under("grid"), value.quantizer);
  return [];
}

function gridText({ items }: PickledTuple): string {
  return items
    .map((item) => (item instanceof PickledGlobal ? item.name : typeof item === "object" ? "…" : String(item)))
    .join(" ");
}
