import { type ByteSource, memorySource, slice } from "../../archive/byte-source.ts";
import { elementCount } from "../../graph/dtype.ts";
import { type Pickled, PickledDict, PickledTensor } from "../file/pickled.ts";
import { TorchZip } from "../file/torch-zip.ts";
import { unpickle } from "../file/unpickle.ts";
import type { Weight } from "../file/weights.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { integerOf, JsonObject, parseJson } from "./json.ts";
import { dtypeOfExported } from "./numbering.ts";

/** JSON of a program: the largest known (thousands of nodes with their stack traces) have some 30 MB. */
const programLimit = 1 << 28;

/** A saved ExportedProgram: its JSON, and its tensors where they lie. */
export interface ProgramFile {
  readonly program: JsonObject;
  /** Parameters, buffers and tensor constants by their qualified names. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** Tensors that the graph of torch 2.1 carries itself, by their names in it. */
  readonly constants: ReadonlyMap<string, Weight>;
  /** The recorded example: what `torch.export.export` was called with, `(args, kwargs)`; null where there is none. */
  readonly sample: () => Promise<Sample | null>;
  /** `models/model.json`, for messages. */
  readonly entry: string;
}

export interface Sample {
  readonly value: Pickled;
  /** Where a tensor of it lies. */
  place(tensor: PickledTensor): Promise<Weight>;
}

/**
 * Opens a `.pt2` of `torch.export.save`, of the layout of torch 2.1 to 2.6 (`serialized_exported_program.json`) and of
 * the PT2 archive since. Throws LoweringError or MalformedModel.
 * Formats: torch/_export/__init__.py and torch/export/pt2_archive of those versions.
 */
export async function openProgramFile(source: ByteSource): Promise<ProgramFile> {
  const zip = await TorchZip.open(source);
  if (zip.has(oldProgram)) return openOld(zip);
  const models = [...zip.names].filter((name) => name.startsWith("models/") && name.endsWith(".json"));
  const name = models.find((model) => model === "models/model.json") ?? models[0];
  if (name === undefined) throw invalid("the file holds no exported program");
  if (models.length > 1 && name !== "models/model.json") throw unsupported(`a package of ${models.length} models`);
  return openPackage(zip, name.slice("models/".length, -".json".length));
}

const oldProgram = "serialized_exported_program.json";

async function openOld(zip: TorchZip): Promise<ProgramFile> {
  const program = JsonObject.of(parseJson(await zip.text(oldProgram, programLimit), oldProgram), "the program");
  const tensors = new Map<string, Weight>();
  // Up to torch 2.2 these pickles were called .json.
  for (const name of ["serialized_state_dict", "serialized_constants"]) {
    await addSaved(zip, `${name}.pt`, tensors);
    await addSaved(zip, `${name}.json`, tensors);
  }
  const example = "serialized_example_inputs.pt";
  const constants = await encodedConstants(program);
  return { program, tensors, constants, sample: () => openSample(zip, example), entry: oldProgram };
}

/** torch 2.1: constants of the graph, each a `torch.save` of its own in base64. */
async function encodedConstants(program: JsonObject): Promise<Map<string, Weight>> {
  const constants = new Map<string, Weight>();
  const listed = program.object("graph_module").object("graph").optionalObject("constants");
  for (const [name, value] of listed?.entries ?? []) {
    if (typeof value !== "string") continue;
    const saved = await openSaved(memorySource(Buffer.from(value, "base64")));
    if (saved?.value instanceof PickledTensor) constants.set(name, await saved.place(saved.value));
  }
  return constants;
}

async function openPackage(zip: TorchZip, model: string): Promise<ProgramFile> {
  const entry = `models/${model}.json`;
  const program = JsonObject.of(parseJson(await zip.text(entry, programLimit), entry), "the program");
  const tensors = new Map<string, Weight>();
  for (const [folder, kind] of [
    ["data/weights/", "weights"],
    ["data/constants/", "constants"],
  ]) {
    const config = `${folder}${model}_${kind}_config.json`;
    if (zip.has(config)) await addConfigured(zip, folder, config, tensors);
    else await addSaved(zip, `${folder}${model}.pt`, tensors);
  }
  return {
    program,
    tensors,
    constants: new Map(),
    sample: () => openSample(zip, `data/sample_inputs/${model}.pt`),
    entry,
  };
}

/** Tensors of a nested `torch.save` of a dictionary; nothing where there is no such record. */
async function addSaved(zip: TorchZip, name: string, tensors: Map<string, Weight>): Promise<void> {
  if (zip.sizeOf(name) === 0) return;
  const saved = await openSaved((await zip.record(name)).source);
  if (saved === null || !(saved.value instanceof PickledDict)) return;
  for (const [key, value] of saved.value.entries) {
    if (typeof key === "string" && value instanceof PickledTensor) tensors.set(key, await saved.place(value));
  }
}

async function addConfigured(zip: TorchZip, folder: string, name: string, tensors: Map<string, Weight>): Promise<void> {
  const config = JsonObject.of(parseJson(await zip.text(name, programLimit), name), name).object("config");
  for (const [tensor, value] of config.entries) {
    const payload = JsonObject.of(value, tensor);
    const { source } = await zip.record(`${folder}${payload.string("path_name")}`);
    if (payload.value("use_pickle") === true) {
      const saved = await openSaved(source);
      if (saved?.value instanceof PickledTensor) tensors.set(tensor, await saved.place(saved.value));
    } else if (payload.has("tensor_meta")) tensors.set(tensor, described(source, payload.object("tensor_meta")));
  }
}

function described(storage: ByteSource, meta: JsonObject): Weight {
  const shape = meta.list("sizes").map((size) => plainInteger(size));
  const strides = meta.list("strides").map((stride) => plainInteger(stride));
  return {
    storage,
    head: null,
    dtype: dtypeOfExported(meta.integer("dtype")),
    offset: meta.has("storage_offset") ? plainInteger(meta.value("storage_offset")) : 0,
    shape,
    strides,
  };
}

function plainInteger(value: unknown): number {
  const [kind, size] = JsonObject.of(value, "a size").union();
  if (kind !== "as_int") throw invalid("a weight with a symbolic size");
  return integerOf(size, "a size");
}

async function openSample(zip: TorchZip, name: string): Promise<Sample | null> {
  if (zip.sizeOf(name) === 0) return null;
  return openSaved((await zip.record(name)).source);
}

/** What `torch.save` wrote, as a nested file. Null for an empty one, which stands for nothing in some versions. */
async function openSaved(source: ByteSource): Promise<Sample | null> {
  if (source.size < 4) return null;
  const inner = await TorchZip.open(source);
  const value = await unpickle((await inner.record("data.pkl")).source);
  const storages = new Map<string, ByteSource>();
  return {
    value,
    async place(tensor) {
      const { key } = tensor.storage;
      let storage = storages.get(key);
      if (storage === undefined) {
        storage =
          elementCount(tensor.shape) === 0 && !inner.has(`data/${key}`)
            ? slice(source, 0, 0)
            : await recordOf(inner, key);
        storages.set(key, storage);
      }
      const { dtype, offset, shape, strides } = tensor;
      return { storage, head: null, dtype, offset, shape, strides };
    },
  };
}

async function recordOf(zip: TorchZip, key: string): Promise<ByteSource> {
  return (await zip.record(`data/${key}`)).source;
}
