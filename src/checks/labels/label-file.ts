import { readStrictJson } from "../../manifest/strict-json.ts";
import type { ManifestIssue } from "../../manifest/manifest.ts";
import type { Subject } from "../subject.ts";

/** The name that `BaseHandler.initialize` (ts/torch_handler/base_handler.py) opens at the archive's root. */
export const labelsPath = "index_to_name.json";
const byteLimit = 16 << 20;

export interface LabelFile {
  /** Undefined when the file is no JSON. */
  readonly value: unknown;
  readonly issues: readonly ManifestIssue[];
}

/** Null when the archive has no labels. */
export async function readLabelFile(subject: Subject): Promise<LabelFile | null> {
  if (subject.archive.container === "bare" || subject.entry(labelsPath)?.kind !== "file") return null;
  const bytes = await subject.bytes(labelsPath, byteLimit);
  if (bytes !== null) return readStrictJson(bytes, byteLimit);
  const message = "is over 16 MiB, or not what the container declares";
  return { value: undefined, issues: [{ rule: "size", pointer: "", message, severity: "error" }] };
}

export type Labels =
  | { readonly names: ReadonlyMap<string, string> }
  /** What `load_label_mapping` of ts/utils/util.py raises. */
  | { readonly error: string };

/** The labels as TorchServe reads them: index to name. */
export function labelsOf(value: unknown): Labels {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { error: 'index->name JSON mapping should be in "class": "label" format.' };
  }
  const rows = new Map<string, unknown>(Object.entries(value));
  const listed = rows.get("object_type_names");
  if (Array.isArray(listed)) return { names: new Map(listed.map((name, index) => [String(index), String(name)])) };
  const names = new Map<string, string>();
  for (const [key, label] of rows) {
    const last: unknown = Array.isArray(label) ? label.at(-1) : label;
    if (typeof last !== "string") {
      return { error: `labels in index->name mapping must be either str or List[str] (at ${JSON.stringify(key)})` };
    }
    names.set(key, last);
  }
  return { names };
}

/** The labels of the archive; null when there are none that TorchServe could read. */
export async function readLabels(subject: Subject): Promise<ReadonlyMap<string, string> | null> {
  const file = await readLabelFile(subject);
  if (file === null || file.value === undefined) return null;
  const labels = labelsOf(file.value);
  return "names" in labels ? labels.names : null;
}
