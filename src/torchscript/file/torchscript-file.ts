import type { ByteSource } from "../../archive/byte-source.ts";
import { memorySource } from "../../archive/byte-source.ts";
import { Program } from "../evaluator/program.ts";
import { invalid, LoweringError, unsupported } from "../lowering-error.ts";
import { type Pickled, PickledDict, PickledList, PickledObject, PickledTensor, PickledTuple } from "./pickled.ts";
import { TorchZip } from "./torch-zip.ts";
import { unpickle } from "./unpickle.ts";

const mostCode = 1 << 26;
const mostPickle = 1 << 28;

/** A TorchScript file, read but for its tensors. */
export interface TorchScriptFile {
  readonly zip: TorchZip;
  /** The number in `version`; null when it is missing. */
  readonly version: number | null;
  readonly program: Program;
  readonly module: PickledObject;
  readonly constants: readonly Pickled[];
  /** Example inputs that tracing recorded, by method; null when there are none. */
  readonly tracedInputs: Pickled | null;
}

const read = new WeakMap<ByteSource, Promise<TorchScriptFile>>();

/**
 * Reads a file of `torch.jit.save`, once for all who ask with the same source: its signature, its checks and its
 * lowering share one parse. Throws LoweringError or MalformedModel where it is not one.
 */
export function readTorchScript(source: ByteSource): Promise<TorchScriptFile> {
  const file = read.get(source) ?? readFile(source);
  read.set(source, file);
  return file;
}

async function readFile(source: ByteSource): Promise<TorchScriptFile> {
  const zip = await TorchZip.open(source);
  if (!zip.has("data.pkl")) throw invalid("the file has no data.pkl");
  if (zip.has("byteorder") && (await zip.text("byteorder", 64)).trim() === "big") {
    throw unsupported("a file whose tensors are big-endian");
  }
  const program = await readProgram(zip);
  const [module, constants, tracedInputs] = await Promise.all([
    readPickle(zip, "data.pkl"),
    zip.has("constants.pkl") ? readPickle(zip, "constants.pkl") : null,
    zip.has("traced_inputs.pkl") ? readPickle(zip, "traced_inputs.pkl").catch(() => null) : null,
  ]);
  if (!(module instanceof PickledObject)) throw invalid("data.pkl holds no module");
  const items = constants instanceof PickledTuple || constants instanceof PickledList ? constants.items : [];
  return { zip, version: await readVersion(zip), program, module, constants: items, tracedInputs };
}

async function readVersion(zip: TorchZip): Promise<number | null> {
  const record = zip.has("version") ? "version" : zip.has(".data/version") ? ".data/version" : null;
  if (record === null) return null;
  const version = Number.parseInt(await zip.text(record, 64), 10);
  return Number.isNaN(version) ? null : version;
}

async function readProgram(zip: TorchZip): Promise<Program> {
  const records = [...zip.names].filter((name) => name.startsWith("code/") && name.endsWith(".py"));
  const size = records.reduce((sum, name) => sum + zip.sizeOf(name), 0);
  if (size > mostCode) throw new LoweringError("limit", `${size} bytes of code`);
  if (records.length === 0) throw invalid("the file has no code");
  await zip.prefetch(records);
  const texts = await Promise.all(records.map(async (name) => [name, await zip.text(name, mostCode)] as const));
  return new Program(new Map(texts));
}

async function readPickle(zip: TorchZip, name: string): Promise<Pickled> {
  return unpickle(memorySource(await zip.bytes(name, mostPickle)));
}

/** Calls `visit` for everything in a pickled value, each object once. */
export function eachPickled(root: Pickled, visit: (value: Pickled) => void): void {
  const seen = new Set<Pickled>();
  const waiting: Pickled[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) continue;
      seen.add(value);
    }
    visit(value);
    if (value instanceof PickledList || value instanceof PickledTuple) waiting.push(...value.items);
    else if (value instanceof PickledDict) for (const [key, item] of value.entries) waiting.push(key, item);
    else if (value instanceof PickledTensor) waiting.push(value.quantizer);
    else if (value instanceof PickledObject) waiting.push(value.state, ...value.arguments);
  }
}
