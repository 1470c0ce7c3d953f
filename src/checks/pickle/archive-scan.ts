import { AnomalyError } from "../../archive/archive.ts";
import type { Archive, Entry } from "../../archive/archive.ts";
import type { ByteSource } from "../../archive/byte-source.ts";
import { isRuinous } from "../../archive/limits.ts";
import { Scanner, type ScanFinding, type ScanRule } from "../../model/scan/scanner.ts";
import { inMemory } from "../../model/scan/spool.ts";
import { type Finding, type NoAnswer, notApplicable } from "../check.ts";
import type { Subject } from "../subject.ts";

/** What the scan of a whole archive found. */
export interface ArchiveScan {
  readonly findings: readonly ScanFinding[];
  /** Files with pickles, and what `torch.load(weights_only=True)` would refuse in each. */
  readonly pickles: ReadonlyMap<string, readonly string[]>;
}

/** Files that somebody will load as a model, whatever the manifest says. */
const modelSuffix = /\.(?:pt|pth|pt2|ptl|ckpt|pkl|pickle|p|joblib|dill|npy|npz|bin|model|sav|th|tar|7z|rar)$/i;
/** Suffixes that promise a format of Python's, for which another content makes no sense. */
const pickleSuffix = /\.(?:pt|pth|pt2|ptl|ckpt|pkl|pickle|joblib|dill|npy|npz)$/i;

/** Formats whose own checks say what is wrong. */
const otherSuffix = /\.(?:onnx|safetensors)$/i;

const scans = new WeakMap<Subject, Promise<ArchiveScan>>();

/** Every member of the archive is scanned once, by content, for all checks of the family. */
export function scanOf(subject: Subject): Promise<ArchiveScan> {
  let scan = scans.get(subject);
  if (scan === undefined) {
    scan = scanArchive(subject);
    scans.set(subject, scan);
  }
  return scan;
}

async function scanArchive(subject: Subject): Promise<ArchiveScan> {
  const { allowGlobals, tmpDir } = subject.options;
  const scanner = new Scanner({ allowed: new Set(allowGlobals), ...(tmpDir === undefined ? {} : { tmpDir }) });
  const model = await subject.model();
  try {
    for (const entry of subject.archive.entries) {
      if (entry.kind === "file") await scanEntry(scanner, subject, entry, entry === model?.entry);
    }
  } finally {
    await scanner.close();
  }
  return { findings: scanner.findings, pickles: scanner.pickles };
}

async function scanEntry(scanner: Scanner, subject: Subject, entry: Entry, isModel: boolean): Promise<void> {
  const { path } = entry;
  const critical = isModel || modelSuffix.test(path);
  try {
    const source = await sourceOf(scanner, subject.archive, entry);
    const target = { source, path, critical, depth: 0 };
    const known = await scanner.scan(target);
    const model = isModel ? await subject.model() : null;
    const knownModel = model !== null && model.format !== "unknown";
    if (known || knownModel || entry.size === 0) return;
    if (pickleSuffix.test(path)) scanner.report("wrong-suffix", "content is neither a pickle nor a torch file", path);
    else if (isModel && !otherSuffix.test(path))
      scanner.report("unscanned", "content is of no format that is known to hold models", path);
  } catch (error) {
    if (!(error instanceof AnomalyError)) throw error;
    // The container's own checks say what is wrong with the entry.
    scanner.report("unscannable", "the entry cannot be unpacked", path);
  }
}

/** A bomb is read as it is unpacked; it would fill the disk. */
async function sourceOf(scanner: Scanner, archive: Archive, entry: Entry): Promise<ByteSource> {
  const isBomb = entry.method === "deflated" && entry.size > inMemory && archive.anomalies.some(isRuinous);
  return isBomb ? scanner.spool.replay(entry.size, () => scanner.metered(archive.stream(entry))) : archive.open(entry);
}

/** The findings of some rules, or `n/a` where the archive has no pickle and nothing like one. */
export async function* findingsOf(
  subject: Subject,
  rules: readonly ScanRule[],
  always = false,
): AsyncGenerator<Finding, NoAnswer | void> {
  const { findings, pickles } = await scanOf(subject);
  if (pickles.size === 0 && findings.length === 0 && !always) return notApplicable;
  const seen = new Set<string>();
  for (const { rule, message, at } of findings) {
    const text = `${at}: ${message}`;
    if (!rules.includes(rule) || seen.has(text)) continue;
    seen.add(text);
    yield { message, at };
  }
  return undefined;
}
