import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Disk, type DiskFile, nodeDisk } from "../archive/disk.ts";
import type { WriteOptions, WrittenArchive } from "../archive/written-archive.ts";
import { ArchiverError } from "../errors.ts";
import { buildManifest } from "../manifest/build.ts";
import { buildIntegrity } from "../manifest/integrity.ts";
import { type EntryDigest, type Manifest, manifestPath } from "../manifest/manifest.ts";
import { manifestByteLimit, parseManifest } from "../manifest/parse.ts";
import { serializeJson } from "../manifest/serialize.ts";
import type { SigningKey } from "../sign/envelope.ts";
import { type Plan, planArchive } from "./plan.ts";
import type { ArchiveFormat, Recipe } from "./recipe.ts";
import type { LeftOut } from "./left-out.ts";

export interface ArchiveOptions {
  /** Relative paths of the recipe start here; process.cwd() when left out. */
  readonly cwd?: string;
  /** Read for SOURCE_DATE_EPOCH; process.env when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: () => Date;
  /** Stops the work; nothing is left behind. */
  readonly signal?: AbortSignal;
  /** Plan only. */
  readonly dryRun?: boolean;
  /** Bytes of the inputs read so far, and altogether. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly disk?: Disk;
  /** Signs the output as `sign` does. */
  readonly sign?: SigningKey;
}

export interface ArchivedEntry {
  readonly path: string;
  /** Where it came from; null for what is made here: the manifest, and a bill of materials. */
  readonly from: string | null;
  /** Bytes, plain. */
  readonly size: number;
  /** Null when nothing was written. */
  readonly packedSize: number | null;
  readonly method: "stored" | "deflated" | null;
  readonly sha256: string | null;
}

export interface ArchiveResult {
  /** Absolute path of the file or folder. */
  readonly path: string;
  readonly format: ArchiveFormat;
  /** False for a dry run. */
  readonly written: boolean;
  /** Bytes of the output; null for a dry run. */
  readonly size: number | null;
  /** In the order of the archive, the manifest last. */
  readonly entries: readonly ArchivedEntry[];
  /** Without `integrity` for a dry run, whose inputs are not read. */
  readonly manifest: Manifest;
  readonly integrityRoot: string | null;
  /** The signature's file; null when nothing was signed. */
  readonly signature: string | null;
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
  readonly milliseconds: number;
}

/**
 * Packs a model: every input is read once, digested on the way, and the output takes its final name only when it is
 * complete and on the disk. Equal inputs give equal bytes. Throws ArchiverError.
 */
export async function archive(recipe: Recipe, options: ArchiveOptions = {}): Promise<ArchiveResult> {
  const started = performance.now();
  const cwd = options.cwd ?? process.cwd();
  const old = recipe.from === undefined ? null : await (await import("./repack.ts")).openOld(resolve(cwd, recipe.from));
  try {
    const plan = await planArchive(recipe, old, {
      cwd,
      env: options.env ?? process.env,
      now: options.now ?? (() => new Date()),
    });
    const overwrites = checkOutput(plan, recipe.force ?? false, options.sign !== undefined);
    const warnings = overwrites ? [...plan.warnings, `overwriting ${plan.output}`] : plan.warnings;
    const done = options.dryRun ? planned(plan) : await write(plan, options);
    const { path, ...rest } = done;
    return {
      path,
      format: plan.format,
      ...rest,
      leftOut: plan.leftOut,
      warnings,
      milliseconds: performance.now() - started,
    };
  } finally {
    await old?.archive.close();
  }
}

type Done = Pick<ArchiveResult, "path" | "written" | "size" | "entries" | "manifest" | "integrityRoot" | "signature">;

function planned(plan: Plan): Done {
  const unread = { packedSize: null, method: null, sha256: null };
  return {
    path: plan.output,
    written: false,
    size: null,
    entries: plan.entries.map(({ path, from, source }) => ({ path, from, size: source.size, ...unread })),
    manifest: buildManifest(plan.manifest),
    integrityRoot: null,
    signature: null,
  };
}

async function write(plan: Plan, options: ArchiveOptions): Promise<Done> {
  const disk = options.disk ?? nodeDisk;
  const total = plan.entries.reduce((sum, entry) => sum + entry.source.size, 0);
  let read = 0;
  let manifest = buildManifest(plan.manifest);
  const writeOptions: WriteOptions = {
    disk,
    signal: options.signal,
    onBytes: (count) => options.onProgress?.((read += count), total),
    seal: async (entries) => {
      const bom = plan.bom ? [await (await import("./packed-bom.ts")).packedBom(plan, entries)] : [];
      const made = bom.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) }));
      const integrity = await buildIntegrity(digests([...entries, ...made]), sha256);
      manifest = buildManifest({ ...plan.manifest, integrity });
      return [...bom, { path: manifestPath, bytes: Buffer.from(serializeJson(manifest)) }];
    },
  };
  await disk.makeFolder(dirname(plan.output));
  const signing = options.sign && (await import("./sign-output.ts")).outputSigner(plan, options.sign);
  const result = await writeAs(plan, disk, writeOptions, signing?.watch);
  const signature = (await signing?.sign(result, options)) ?? null;
  const from = new Map(plan.entries.map((entry) => [entry.path, entry.from]));
  return {
    path: plan.output,
    written: true,
    size: result.size,
    entries: result.entries.map(({ path, size, packedSize, method, sha256 }) => ({
      path,
      from: from.get(path) ?? null,
      size,
      packedSize,
      method,
      sha256,
    })),
    manifest,
    integrityRoot: manifest.modelArchiver?.integrity?.root ?? null,
    signature,
  };
}

/** `watch` sees the output's file while it is written. */
async function writeAs(
  plan: Plan,
  disk: Disk,
  options: WriteOptions,
  watch = (file: DiskFile): DiskFile => file,
): Promise<WrittenArchive> {
  if (plan.format === "no-archive") {
    const { writeFolder } = await import("../archive/directory-writer.ts");
    return writeFolder(plan.output, plan.entries, options);
  }
  const [{ writeAtomically }, { reopenTarGz, reopenZip }] = await Promise.all([
    import("../archive/atomic-output.ts"),
    import("../archive/reopen.ts"),
  ]);
  if (plan.format === "tgz") {
    const { writeTarGz } = await import("../archive/tar-writer.ts");
    const { modelName, entries } = plan;
    return writeAtomically(
      disk,
      plan.output,
      (file) => writeTarGz(watch(file), modelName, entries, options),
      (file, written) => reopenTarGz(disk, file, written),
    );
  }
  const { writeZip } = await import("../archive/zip-writer.ts");
  const store = plan.format === "zip-store";
  return writeAtomically(
    disk,
    plan.output,
    (file) => writeZip(watch(file), plan.entries, { ...options, store }),
    (file, written) => reopenZip(disk, file, written),
  );
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function digests(entries: readonly ({ readonly path: string } & EntryDigest)[]): Record<string, EntryDigest> {
  const record: Record<string, EntryDigest> = Object.create(null);
  for (const { path, size, sha256 } of entries) record[path] = { size, sha256 };
  return record;
}

/** Whether something will be overwritten. Throws ArchiverError `already-exists`, also for a folder that is no archive. */
function checkOutput(plan: Plan, force: boolean, signs: boolean): boolean {
  const signature = `${plan.output}.sig`;
  if (signs && !force && existsSync(signature))
    throw new ArchiverError("already-exists", `${signature} already exists`);
  if (!existsSync(plan.output)) return false;
  if (!force) throw new ArchiverError("already-exists", `${plan.output} already exists`);
  const folder = statSync(plan.output).isDirectory();
  if (plan.format !== "no-archive") {
    if (folder) throw new ArchiverError("already-exists", `${plan.output} is a folder`, { remedy: "Remove it first." });
    return true;
  }
  if (!folder || !holdsManifest(plan.output)) {
    throw new ArchiverError("already-exists", `${plan.output} is no unpacked archive; --force does not replace it`, {
      remedy: "Remove it first, or choose another --export-path.",
    });
  }
  return true;
}

function holdsManifest(folder: string): boolean {
  try {
    const bytes = readFileSync(join(folder, ...manifestPath.split("/")));
    return parseManifest(bytes, { byteLimit: manifestByteLimit(65_536) }).manifest !== null;
  } catch {
    return false;
  }
}
