import type { Archive, Digests, Entry } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { handlerPlace } from "../checks/python/handler-place.ts";
import type { Subject } from "../checks/subject.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { compareUtf8 } from "../manifest/compare.ts";
import { manifestPath } from "../manifest/manifest.ts";
import type { ChangedEntry, ChangedText, ChangedValue, Difference, TensorChanges } from "./difference.ts";
import { diffLines } from "./lines.ts";
import { TensorComparison } from "./tensors.ts";

/** Bytes of the largest text whose lines are compared. */
const textLimit = 256 << 10;

/** What differs between two archives, whatever their containers. Reads every byte of both once; never throws for what they hold. */
export async function diffArchives(before: Archive, after: Archive): Promise<Difference> {
  const [a, b] = [archiveSubject(before), archiveSubject(after)];
  const tensors = await TensorComparison.open(a, b);
  try {
    const [readA, readB] = [await before.digests(tensors.watch(0)), await after.digests(tensors.watch(1))];
    return await differenceOf(a, b, readA, readB, await tensors.changes(readA, readB));
  } finally {
    await tensors.close();
  }
}

async function differenceOf(
  a: Subject,
  b: Subject,
  readA: Digests,
  readB: Digests,
  tensors: TensorChanges,
): Promise<Difference> {
  const [digestsA, digestsB] = [summed(a.archive, readA), summed(b.archive, readB)];
  const entries = changedEntries(digestsA, digestsB);
  const manifest = changedValues(await manifestValues(a), await manifestValues(b));
  const model = changedValues(await modelValues(a), await modelValues(b));
  const operators = changedValues(await operatorCounts(a), await operatorCounts(b));
  // The manifest's own text follows from its fields, and from the entries.
  const relevant = entries.filter(({ path }) => path !== manifestPath);
  const unchanged = [...digestsA].filter(([path, { digest }]) => digestsB.get(path)?.digest === digest).length;
  const texts = await changedTexts(a, b, relevant);
  const changes = [manifest, relevant, model, operators, tensors.changed];
  const same = changes.every((list) => list.length === 0);
  return {
    before: a.archive.location,
    after: b.archive.location,
    same,
    manifest,
    entries: relevant,
    unchanged,
    model,
    operators,
    tensors,
    texts,
  };
}

interface Summed {
  readonly entry: Entry;
  /** SHA-256; of an entry that cannot be read, what the container declares of it. */
  readonly digest: string;
}

function summed(archive: Archive, { of }: Digests): ReadonlyMap<string, Summed> {
  const found = new Map<string, Summed>();
  for (const entry of archive.entries) {
    if (entry.kind === "directory" || found.has(entry.path)) continue;
    const digest = of.get(entry)?.sha256 ?? `unreadable, ${entry.kind}, ${entry.size} bytes, CRC-32 ${entry.crc32}`;
    found.set(entry.path, { entry, digest });
  }
  return found;
}

function changedEntries(a: ReadonlyMap<string, Summed>, b: ReadonlyMap<string, Summed>): readonly ChangedEntry[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])].toSorted(compareUtf8);
  return paths.flatMap((path): ChangedEntry[] => {
    const [before, after] = [a.get(path), b.get(path)];
    if (before?.digest === after?.digest) return [];
    const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
    return [{ path, change, sizeBefore: before?.entry.size ?? null, sizeAfter: after?.entry.size ?? null }];
  });
}

type Values = ReadonlyMap<string, string>;

function changedValues(a: Values, b: Values): readonly ChangedValue[] {
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({ name, before: a.get(name) ?? null, after: b.get(name) ?? null }));
}

async function manifestValues(subject: Subject): Promise<Values> {
  const manifest = (await subject.manifest())?.manifest ?? {};
  const values = new Map<string, string>();
  flatten("", manifest, values, 0);
  for (const name of values.keys()) if (name.startsWith("/modelArchiver/integrity/")) values.delete(name);
  return values;
}

/** Leaves by JSON pointer (RFC 6901). */
function flatten(pointer: string, value: unknown, values: Map<string, string>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > 20) {
    values.set(pointer, typeof value === "string" ? value : JSON.stringify(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    flatten(`${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, inner, values, depth + 1);
  }
}

async function modelValues(subject: Subject): Promise<Values> {
  const model = await subject.model();
  const signature = await subject.signature();
  const values = new Map<string, string>();
  if (model !== null) values.set("file", model.entry.path).set("format", model.format);
  if (signature === null) return values;
  for (const [kind, list] of [
    ["input", signature.inputs],
    ["output", signature.outputs],
  ] as const) {
    for (const value of list) values.set(`${kind} ${value.name}`, describe(value));
  }
  if (signature.parameters !== null) values.set("parameters", String(signature.parameters));
  for (const [name, value] of Object.entries(signature.facts)) values.set(name, value);
  return values;
}

function describe({ dtype, type, shape }: ValueInfo): string {
  const dims = shape === null ? "any shape" : `[${shape.map((dim) => dim ?? "?").join(", ")}]`;
  return `${type ?? dtype} ${dims}`;
}

async function operatorCounts(subject: Subject): Promise<Values> {
  const signature = await subject.signature();
  const rows = Object.entries(signature?.operators ?? {}).toSorted(([a], [b]) => compareUtf8(a, b));
  return new Map(rows.map(([name, count]) => [name, String(count)]));
}

async function changedTexts(a: Subject, b: Subject, entries: readonly ChangedEntry[]): Promise<ChangedText[]> {
  // What packing writes beside the manifest tells of the other entries.
  const changed = entries.filter(({ path, change }) => change === "changed" && !path.startsWith("MAR-INF/"));
  const pairs = new Map(changed.map(({ path }) => [path, path]));
  const [before, after] = [await filesByRole(a), await filesByRole(b)];
  for (const [role, path] of after) {
    const old = before.get(role);
    if (old !== undefined && old !== path) pairs.set(path, old);
  }
  const texts: ChangedText[] = [];
  for (const [path, pathBefore] of pairs) {
    const [old, now] = [await a.text(pathBefore, textLimit), await b.text(path, textLimit)];
    if (old === null || now === null || old.includes("\0") || now.includes("\0")) continue;
    const hunks = diffLines(old, now);
    if (hunks.length > 0) texts.push({ path, pathBefore, hunks });
  }
  return texts.toSorted((x, y) => compareUtf8(x.path, y.path));
}

/** The files that the manifest names for what they do, whatever they are called. */
async function filesByRole(subject: Subject): Promise<ReadonlyMap<string, string>> {
  const model = (await subject.manifest())?.manifest?.model;
  const handler = await handlerPlace(subject);
  const roles: [string, string | undefined][] = [
    ["handler", handler?.kind === "file" ? handler.path : undefined],
    ["requirements", model?.requirementsFile],
    ["configuration", model?.configFile],
  ];
  return new Map(roles.flatMap(([role, path]) => (path === undefined ? [] : [[role, path]])));
}
