import type { Archive, BlockWatcher, Digests, Entry } from "../archive/archive.ts";
import type { Subject } from "../checks/subject.ts";
import { formatNames } from "../model/model-format.ts";
import type { TensorFile } from "../tensors/read-tensors.ts";
import {
  readRecordedTensors,
  type RecordedFile,
  recordedTensorsPath,
  recordLimit,
} from "../tensors/recorded-tensors.ts";
import { tensorFiles } from "../tensors/tensor-files.ts";
import { type DigestedFile, type DigestedTensor, TensorPass } from "../tensors/tensor-pass.ts";
import type { ChangedTensor, TensorChanges } from "./difference.ts";

/** One side: its files with tensors, those that its own record tells, and the pass over the others. */
interface Side {
  readonly archive: Archive;
  readonly model: Entry | null;
  readonly files: readonly TensorFile[];
  readonly recorded: ReadonlyMap<string, RecordedFile>;
  readonly pass: TensorPass;
}

/** Tensors of two archives, digested in the read that digests their entries. */
export class TensorComparison {
  readonly #sides: readonly [Side, Side];

  private constructor(sides: readonly [Side, Side]) {
    this.#sides = sides;
  }

  /** Reads headers; what the containers already say is equal, or a side has recorded, is not read again. */
  static async open(a: Subject, b: Subject): Promise<TensorComparison> {
    const [before, after] = [await sideOf(a, b.archive), await sideOf(b, a.archive)];
    return new TensorComparison([before, after]);
  }

  /** For `digests` of the first (0) or second (1) archive. */
  watch(side: 0 | 1): (entry: Entry) => BlockWatcher | null {
    return (entry) => this.#sides[side].pass.watch(entry);
  }

  /** After both reads. */
  async changes(before: Digests, after: Digests): Promise<TensorChanges> {
    const [a, b] = this.#sides;
    const changed: ChangedTensor[] = [];
    const notCompared: { path: string; reason: string }[] = [];
    let unchanged = 0;
    for (const [first, second] of pairs(a, b)) {
      const path = second.entry.path;
      const same = isSame(before.of.get(first.entry), after.of.get(second.entry));
      // The tensors of an ONNX model may lie in other files, which change without it.
      if (same && first.format !== "onnx") continue;
      if (first.format !== second.format) {
        const formats = `${formatNames[first.format]} and ${formatNames[second.format]}`;
        notCompared.push({ path, reason: `tensors of different formats: ${formats}` });
        continue;
      }
      const [old, now] = [await digestsOf(a, first, before), await digestsOf(b, second, after)];
      if ("reason" in old) notCompared.push({ path: first.entry.path, reason: old.reason });
      else if ("reason" in now) notCompared.push({ path, reason: now.reason });
      else {
        const compared = compareTensors(path, old.tensors, now.tensors);
        changed.push(...compared.changed);
        if (!same || compared.changed.length > 0) unchanged += compared.unchanged;
      }
    }
    return { changed, unchanged, notCompared };
  }

  async close(): Promise<void> {
    for (const { pass } of this.#sides) await pass.close();
  }
}

async function sideOf(subject: Subject, other: Archive): Promise<Side> {
  const { archive } = subject;
  const model = await subject.model();
  const files = await tensorFiles(archive, model);
  const recorded = readRecordedTensors(await subject.text(recordedTensorsPath, recordLimit));
  const known = new Map(other.entries.map((entry) => [entry.path, entry]));
  const likelySame = ({ path, size, crc32 }: Entry): boolean => {
    const twin = known.get(path);
    return crc32 !== null && twin?.crc32 === crc32 && twin.size === size;
  };
  const wanted = files.filter(({ entry, format }) => {
    return !recorded.has(entry.path) && (format === "onnx" || !likelySame(entry));
  });
  return { archive, model: model?.entry ?? null, files, recorded, pass: await TensorPass.open(archive, wanted) };
}

/** Models are held against each other whatever they are called, other files by their paths. */
function* pairs(a: Side, b: Side): Generator<readonly [TensorFile, TensorFile]> {
  const rest = new Map(b.files.map((file) => [file.entry.path, file]));
  const model = (side: Side): TensorFile | undefined => side.files.find(({ entry }) => entry === side.model);
  const [first, second] = [model(a), model(b)];
  if (first !== undefined && second !== undefined) yield [first, second];
  for (const file of a.files) {
    const twin = rest.get(file.entry.path);
    if (twin !== undefined && file !== first && twin !== second) yield [file, twin];
  }
}

function isSame(a: { readonly sha256: string } | undefined, b: { readonly sha256: string } | undefined): boolean {
  return a !== undefined && a.sha256 === b?.sha256;
}

async function digestsOf(side: Side, file: TensorFile, { of }: Digests): Promise<DigestedFile> {
  const byPath = new Map([...of].map(([entry, digest]) => [entry.path, digest.sha256]));
  const recorded = side.recorded.get(file.entry.path);
  const holds = recorded && Object.entries(recorded.entries).every(([path, sha256]) => byPath.get(path) === sha256);
  if (recorded && holds && recorded.entries[file.entry.path] !== undefined) return recorded;
  const passed = (await side.pass.digests()).get(file.entry);
  if (passed !== undefined) return passed;
  // Its CRC-32 was that of the other side, or its record was of another file: read by itself.
  const pass = await TensorPass.open(side.archive, [file]);
  try {
    return (await pass.digests()).get(file.entry) ?? { reason: "there are no tensors" };
  } finally {
    await pass.close();
  }
}

function compareTensors(
  path: string,
  before: readonly DigestedTensor[],
  after: readonly DigestedTensor[],
): { readonly changed: readonly ChangedTensor[]; readonly unchanged: number } {
  const [old, now] = [byName(before), byName(after)];
  const removed = before.filter(({ name }) => !now.has(name));
  const added = after.filter(({ name }) => !old.has(name));
  const renamed = renames(removed, added);
  const changed: ChangedTensor[] = [];
  let unchanged = 0;
  for (const tensor of before) {
    const twin = now.get(tensor.name);
    if (twin !== undefined && contentOf(twin) === contentOf(tensor)) unchanged += 1;
    else if (twin !== undefined)
      changed.push({ path, name: tensor.name, change: "changed", before: tensor, after: twin });
    else {
      const moved = renamed.get(tensor) ?? null;
      const change = moved === null ? "removed" : "renamed";
      changed.push({ path, name: tensor.name, change, before: tensor, after: moved });
    }
  }
  const arrived = new Set(renamed.values());
  for (const tensor of added) {
    if (!arrived.has(tensor)) changed.push({ path, name: tensor.name, change: "added", before: null, after: tensor });
  }
  return { changed, unchanged };
}

const byName = (tensors: readonly DigestedTensor[]) => new Map(tensors.map((tensor) => [tensor.name, tensor]));

const contentOf = ({ dtype, shape, strides, sha256 }: DigestedTensor): string =>
  [dtype, shape.join("x"), strides?.join("x") ?? "", sha256].join(" ");

/** Content that only one tensor had, and only one has, under another name. */
function renames(
  removed: readonly DigestedTensor[],
  added: readonly DigestedTensor[],
): ReadonlyMap<DigestedTensor, DigestedTensor> {
  const once = (tensors: readonly DigestedTensor[]): Map<string, DigestedTensor> => {
    const found = new Map<string, DigestedTensor>();
    const twice = new Set<string>();
    for (const tensor of tensors) {
      const content = contentOf(tensor);
      if (found.has(content)) twice.add(content);
      found.set(content, tensor);
    }
    for (const content of twice) found.delete(content);
    return found;
  };
  const there = once(added);
  return new Map(
    [...once(removed)].flatMap(([content, tensor]) => {
      const twin = there.get(content);
      return twin === undefined ? [] : [[tensor, twin] as const];
    }),
  );
}
