import type { Builder } from "../builder.ts";
import { bytesOf, type DType } from "../../graph/dtype.ts";
import { invalid, LoweringError } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { DeviceValue, DictValue, ListValue, ObjectValue, TupleValue, type Value } from "../value.ts";
import {
  type Pickled,
  PickledDevice,
  PickledDict,
  PickledGlobal,
  PickledList,
  PickledObject,
  PickledStorage,
  PickledTensor,
  PickledTuple,
} from "./pickled.ts";
import { Maths } from "../operators/maths.ts";
import { onGrid } from "../quantized-grid.ts";
import { eachPickled } from "./torchscript-file.ts";
import type { TorchZip } from "./torch-zip.ts";
import { knownIntegerBytes, loadWeight } from "./weights.ts";

/** Storages up to this many bytes come with the read of their header. */
const headBytes = 1024;
const concurrency = 64;

/** Tensors of `data/` or `constants/`, loaded once each: two names of one tensor share its memory. */
export async function loadTensors(
  roots: readonly Pickled[],
  zip: TorchZip,
  folder: string,
  builder: Builder,
): Promise<Map<PickledTensor, TensorValue>> {
  const groups = new Map<string, PickledTensor[]>();
  for (const root of roots) {
    eachPickled(root, (value) => {
      if (!(value instanceof PickledTensor)) return;
      const { storage, dtype, offset, shape, strides } = value;
      // Quantised tensors of one storage may have grids of their own.
      const key = [
        value.quantizer === null ? "" : groups.size,
        storage.key,
        dtype,
        offset,
        shape.join("x"),
        strides.join("x"),
      ].join();
      groups.set(key, [...(groups.get(key) ?? []), value]);
    });
  }
  const loaded = new Map<PickledTensor, TensorValue>();
  const waiting = [...groups.values()];
  const work = async () => {
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
      const value = await loadTensor(group[0], zip, folder, builder);
      for (const tensor of group) loaded.set(tensor, value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  for (const [tensor, integers] of loaded) {
    if (tensor.quantizer === null) continue;
    loaded.set(tensor, quantized(builder, integers, tensor.quantizer, loaded));
  }
  return loaded;
}

/** The file keeps the integers; their steps from zero are nodes of the graph. */
function quantized(
  builder: Builder,
  integers: TensorValue,
  quantizer: PickledTuple,
  loaded: ReadonlyMap<PickledTensor, TensorValue>,
): TensorValue {
  const m = new Maths(builder);
  const [scheme, scale = null, zero = null, axis] = quantizer.items;
  const name = scheme instanceof PickledGlobal ? scheme.name : "";
  const factor = (value: Pickled): TensorValue | number => {
    if (!(value instanceof PickledTensor)) return Number(value);
    const tensor = loaded.get(value);
    if (tensor === undefined) throw invalid("a quantised tensor without its scales");
    const shape = integers.shape.map((dim, i) => (i === Number(axis) ? dim : 1));
    return builder.reshape(builder.cast(tensor, "float32"), shape);
  };
  const [step, origin] = [factor(scale), factor(zero)];
  const steps = m.sub(builder.cast(integers, "float32"), origin);
  // Tables of embeddings have zeros between the integers: no grid that a layer could compute on.
  if (name.includes("float_qparams")) return m.mul(steps, step);
  if (typeof step !== "number") return onGrid(steps, { scales: step, axis: Number(axis) });
  const limits: Partial<Record<DType, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] };
  const [low, high] = limits[integers.dtype] ?? [-(2 ** 31), 2 ** 31 - 1];
  return onGrid(steps, { scale: step, zero: Number(zero), low, high });
}

async function loadTensor(
  tensor: PickledTensor,
  zip: TorchZip,
  folder: string,
  builder: Builder,
): Promise<TensorValue> {
  const { storage, dtype, offset, shape, strides } = tensor;
  const name = `${folder}/${storage.key}`;
  const size = zip.sizeOf(name);
  const integer = /^(u?int|bool)/.test(dtype);
  const wanted = size <= (integer ? knownIntegerBytes : headBytes) ? size : 0;
  const { source, head } = await zip.record(name, wanted);
  if (storage.count * bytesOf(storage.dtype ?? "uint8") > size) throw invalid(`the record ${name} is too short`);
  return loadWeight({ storage: source, head, dtype, offset, shape, strides }, builder);
}

/** Turns pickled values into values of the program. `build` gives an object with `__setstate__` its state. */
export class ValueLoader {
  readonly #tensors: ReadonlyMap<PickledTensor, TensorValue>;
  readonly #build: (object: ObjectValue, pickled: PickledObject, load: (value: Pickled) => Value) => Value | null;
  readonly #seen = new Map<Pickled, Value>();
  #depth = 0;

  constructor(
    tensors: ReadonlyMap<PickledTensor, TensorValue>,
    build: (object: ObjectValue, pickled: PickledObject, load: (value: Pickled) => Value) => Value | null,
  ) {
    this.#tensors = tensors;
    this.#build = build;
  }

  load(value: Pickled): Value {
    if (typeof value !== "object" || value === null) return value;
    const seen = this.#seen.get(value);
    if (seen !== undefined) return seen;
    if (++this.#depth > 400) throw new LoweringError("limit", "the modules are nested too deeply");
    const made = this.#make(value);
    this.#depth--;
    this.#seen.set(value, made);
    return made;
  }

  #make(value: Exclude<Pickled, null | boolean | bigint | number | string>): Value {
    if (value instanceof PickledTensor) {
      const tensor = this.#tensors.get(value);
      if (tensor === undefined) throw invalid("a tensor of the pickle was not loaded");
      return tensor;
    }
    if (value instanceof PickledList) return new ListValue(value.items.map((item) => this.load(item)));
    if (value instanceof PickledTuple) return new TupleValue(value.items.map((item) => this.load(item)));
    if (value instanceof PickledDict) {
      return new DictValue(value.entries.map(([key, item]) => [this.load(key), this.load(item)]));
    }
    if (value instanceof PickledDevice) return new DeviceValue(value.name);
    if (value instanceof PickledObject) return this.#object(value);
    if (value instanceof PickledGlobal) throw invalid(`the pickle holds ${value.name} itself`);
    if (value instanceof PickledStorage) throw invalid("the pickle holds a storage itself");
    throw invalid("the pickle holds a value of an unknown kind");
  }

  #object(pickled: PickledObject): Value {
    const object = new ObjectValue(pickled.type);
    this.#seen.set(pickled, object);
    const built = this.#build(object, pickled, (value) => this.load(value));
    if (built !== null) return built;
    const attributes = new Map<string, Value>();
    // Classes of PyTorch's own, such as packed weights: their operators read what they saved.
    if (pickled.type.startsWith("__torch__.torch.classes.")) attributes.set("state", this.load(pickled.state));
    if (pickled.state instanceof PickledDict) {
      for (const [name, value] of pickled.state.entries) {
        if (typeof name !== "string") throw invalid("an attribute's name is no text");
        attributes.set(name, this.load(value));
      }
    }
    object.content = attributes;
    return object;
  }
}
