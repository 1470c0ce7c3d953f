import type { Archive, Entry } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { labelsPath, readLabels } from "../checks/labels/label-file.ts";
import type { Subject } from "../checks/subject.ts";
import { isBuiltInHandler } from "../manifest/built-in-handlers.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { InspectedEntry, InspectedLabels, InspectedModel, Inspection } from "./inspection.ts";

export interface InspectOptions {
  /** Compute the SHA-256 of each entry: reads every byte. */
  readonly digests?: boolean;
}

const labelsShown = 3;

/**
 * What an archive holds. Reads the container's directory, the manifest, the labels and the model's headers: kilobytes,
 * whatever the size of the archive. A wrong archive is shown as far as it can be read; nothing is thrown for it.
 */
export async function inspect(archive: Archive, options: InspectOptions = {}): Promise<Inspection> {
  const subject = archiveSubject(archive);
  const reading = archive.container === "bare" ? null : await subject.manifest();
  const manifest = reading?.manifest ?? null;
  const digests = options.digests ? (await archive.digests()).of : null;
  return {
    schemaVersion: 1,
    path: archive.location,
    container: archive.container,
    size: archive.size,
    manifest,
    manifestIssues: reading?.issues ?? [],
    handler: manifest && inspectHandler(manifest, subject),
    labels: await inspectLabels(subject),
    model: await inspectModel(subject),
    integrityRoot: manifest?.modelArchiver?.integrity?.root ?? null,
    entries: archive.entries.map((entry) => inspectEntry(entry, manifest, digests?.get(entry)?.sha256 ?? null)),
    anomalies: archive.anomalies,
  };
}

function inspectEntry(entry: Entry, manifest: Manifest | null, computed: string | null): InspectedEntry {
  const declared = manifest?.modelArchiver?.integrity?.entries;
  return {
    path: entry.path,
    kind: entry.kind,
    size: entry.size,
    packedSize: entry.packedSize,
    method: entry.method,
    mode: entry.mode === null ? null : entry.mode.toString(8).padStart(4, "0"),
    sha256:
      computed ?? (declared && Object.hasOwn(declared, entry.path) ? (declared[entry.path]?.sha256 ?? null) : null),
  };
}

async function inspectModel(subject: Subject): Promise<InspectedModel | null> {
  const model = await subject.model();
  return model && { file: model.entry.path, format: model.format, signature: await subject.signature() };
}

async function inspectLabels(subject: Subject): Promise<InspectedLabels | null> {
  const names = await readLabels(subject);
  if (names === null) return null;
  const first = [...names].toSorted(([a], [b]) => Number(a) - Number(b)).slice(0, labelsShown);
  return { file: labelsPath, count: names.size, first: first.map(([, name]) => name) };
}

/** The handler's file as TorchServe's loader finds it: the part before `:`, with or without `.py`. */
function inspectHandler(manifest: Manifest, subject: Subject): Inspection["handler"] {
  const name = manifest.model.handler;
  if (typeof name !== "string") return null;
  const builtIn = isBuiltInHandler(name, manifest.runtime);
  const stem = name.split(":", 1)[0] ?? name;
  const file = [stem, `${stem}.py`].find((path) => subject.entry(path)?.kind === "file");
  return { name, builtIn, file: builtIn ? null : (file ?? null) };
}
