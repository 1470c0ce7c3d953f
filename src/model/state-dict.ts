import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "./malformed.ts";
import type { ModelFormat } from "./model-format.ts";
import { PickleMachine, type Watcher } from "./pickle/machine.ts";
import { PickleReader } from "./pickle/reader.ts";
import { globalName, integerOf, type ObjectValue, type Value } from "./pickle/value.ts";
import { openRecord, readTorchArchive } from "./torch-archive.ts";

/** Where a tensor lies in the storage that has its elements. */
export interface StorageView {
  /** Names the record `data/<key>`. */
  readonly key: string;
  /** In elements. */
  readonly offset: number;
  /** In elements. */
  readonly strides: readonly number[];
}

/** A tensor of a checkpoint, by the pickle that describes it; its elements are not read. */
export interface CheckpointTensor {
  /** Keys on the way to it, joined by dots. */
  readonly name: string;
  /** PyTorch's name: `float32`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** What else makes numbers of its integers: scheme, scale and zero point of a quantised one. */
  readonly grid: string | null;
  /** Null where the pickle does not say. */
  readonly view: StorageView | null;
}

const kept = 1_000_000;
const opcodeLimit = 5_000_000;
const legacyStreamsBefore = 3;

const silent: Watcher = {
  global() {},
  unresolvable() {},
  call() {},
  build() {},
  persistent() {},
  odd() {},
};

/**
 * The tensors of a `torch.save` file (with or without ZIP), each shared one once. The pickle is described, not executed.
 * Throws MalformedModel.
 */
export async function readCheckpoint(source: ByteSource, format: ModelFormat): Promise<CheckpointTensor[]> {
  const stream = await pickleOf(source, format);
  const root = await describe(stream.source, stream.start);
  const out: CheckpointTensor[] = [];
  collect(weightsIn(root), out);
  return out;
}

async function pickleOf(source: ByteSource, format: ModelFormat): Promise<{ source: ByteSource; start: number }> {
  if (format === "torch-legacy") {
    let start = 0;
    for (let index = 0; index < legacyStreamsBefore; index++) start = await skipStream(source, start);
    return { source, start };
  }
  const entry = (await readTorchArchive(source)).records.get("data.pkl");
  if (entry === undefined) throw new MalformedModel("torch file without data.pkl");
  return { source: await openRecord(source, entry), start: 0 };
}

async function skipStream(source: ByteSource, start: number): Promise<number> {
  const reader = new PickleReader(source, start);
  let count = 0;
  while (!reader.done) count += (await reader.batch()).length;
  if (count > opcodeLimit) throw new MalformedModel("pickle is too long");
  return reader.at;
}

async function describe(source: ByteSource, start: number): Promise<Value> {
  const machine = new PickleMachine(silent, kept);
  const reader = new PickleReader(source, start);
  let count = 0;
  while (!reader.done) {
    const batch = await reader.batch();
    count += batch.length;
    if (count > opcodeLimit) throw new MalformedModel("pickle is too long");
    for (const op of batch) machine.step(op);
  }
  if (machine.result === null) throw new MalformedModel("pickle gives nothing");
  return machine.result;
}

const weightKeys = ["state_dict", "model_state_dict", "model", "net", "params", "module"];

/** Checkpoints of training hold the weights beside the optimizer's state, which is as large again. */
function weightsIn(root: Value): Value {
  for (const [key, value] of entriesOf(root)) {
    const container = value.kind === "dict" || value.kind === "object";
    if (key.kind === "text" && container && weightKeys.includes(key.text ?? "")) return value;
  }
  return root;
}

function entriesOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value.kind === "dict") return value.entries;
  return value.kind === "object" ? value.entries.entries : [];
}

/** Everything below `root`, each value once; iterative, since a stream can nest as deep as it likes. */
function collect(root: Value, out: CheckpointTensor[]): void {
  const seen = new Set<Value>();
  const open: { readonly value: Value; readonly name: string }[] = [{ value: root, name: "" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, name } = next;
    if (seen.has(value)) continue;
    seen.add(value);
    const tensor = value.kind === "object" ? tensorOf(value, name) : null;
    if (tensor !== null) {
      out.push(tensor);
      continue;
    }
    for (const child of children(value, name).toReversed()) open.push(child);
  }
}

/** A module's own bookkeeping is no part of its parameters' names. */
const silentKeys: ReadonlySet<string> = new Set(["_parameters", "_buffers", "_modules"]);

function children(value: Value, name: string): { readonly value: Value; readonly name: string }[] {
  if (value.kind === "tuple" || value.kind === "list") return value.items.map((item) => ({ value: item, name }));
  const named = entriesOf(value).map(([key, item]) => ({ value: item, name: joined(name, key) }));
  if (value.kind !== "object") return named;
  const states = value.states.map((state) => ({ value: state, name }));
  return [...named, { value: value.args, name }, ...states];
}

function joined(name: string, key: Value): string {
  const step = key.kind === "text" ? (key.text ?? "…") : key.kind === "atom" ? String(key.value) : "…";
  if (silentKeys.has(step)) return name;
  return name === "" ? step : `${name}.${step}`;
}

/** `torch._utils._rebuild_tensor…(storage, offset, size, stride, …)`; version 3 names the type behind the hooks. */
function tensorOf(value: ObjectValue, name: string): CheckpointTensor | null {
  const callee = globalName(value.callee) ?? "";
  if (!/^torch\._utils\._rebuild_(?:tensor(?:_v[23])?|qtensor)$/.test(callee) || value.args.kind !== "tuple")
    return null;
  const [storage, offset, size, strides, quantizer, , type] = value.args.items;
  const id = storage?.kind === "persistent" && storage.id.kind === "tuple" ? storage.id.items : [];
  const storageName = globalName(id[1]) ?? "";
  const dtype = callee.endsWith("v3") ? (globalName(type) ?? "").replace(/^torch\./, "") : dtypeOf(storageName);
  const shape = integersOf(size) ?? [];
  const grid = callee.endsWith("qtensor") ? gridOf(quantizer) : null;
  return { name, dtype, shape, grid, view: viewOf(id[2], integerOf(offset), integersOf(strides), shape) };
}

function viewOf(
  key: Value | undefined,
  offset: number | null,
  strides: readonly number[] | null,
  shape: readonly number[],
): StorageView | null {
  const text = key?.kind === "text" ? key.text : null;
  if (text === null || offset === null || offset < 0 || strides?.length !== shape.length) return null;
  return { key: text, offset, strides };
}

function integersOf(value: Value | undefined): number[] | null {
  return value?.kind === "tuple" ? value.items.map((item) => integerOf(item) ?? 0) : null;
}

/** `(torch.per_tensor_affine, 0.1, 0)`; the scales of single channels are tensors of their own. */
function gridOf(value: Value | undefined): string {
  const items = value?.kind === "tuple" ? value.items : [];
  return items.map((item) => globalName(item) ?? (item.kind === "atom" ? String(item.value) : "…")).join(" ");
}

const storageTypes: Readonly<Record<string, string>> = {
  Float: "float32",
  Double: "float64",
  Half: "float16",
  BFloat16: "bfloat16",
  Byte: "uint8",
  Char: "int8",
  Short: "int16",
  Int: "int32",
  Long: "int64",
  Bool: "bool",
  ComplexFloat: "complex64",
  ComplexDouble: "complex128",
};

function dtypeOf(storage: string): string {
  const word = /(\w+)Storage$/.exec(storage)?.[1] ?? "";
  return storageTypes[word] ?? word.toLowerCase();
}
