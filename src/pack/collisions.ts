import { createHash } from "node:crypto";
import { nodeDisk } from "../archive/disk.ts";
import { bomPath } from "../bom/cyclonedx.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { ArchiverError } from "../errors.ts";
import { formatSize } from "../format-size.ts";
import type { Source } from "./source.ts";

/**
 * One source for each name. The same file twice, or two files of equal content, are one; two different files are an
 * error that names both. Throws ArchiverError `archive-name-collision` or `manifest-in-inputs`.
 */
export async function withoutCollisions(sources: readonly Source[]): Promise<Source[]> {
  const byPath = new Map<string, Source>();
  const clashes: string[] = [];
  for (const source of sources) {
    const other = byPath.get(source.path);
    if (source.path === manifestPath) {
      throw new ArchiverError("manifest-in-inputs", `${source.from} would land on ${manifestPath}, which is generated`);
    }
    if (other === undefined) byPath.set(source.path, source);
    else if (!(await sameContent(source, other))) clashes.push(await describe(source.path, [other, source]));
  }
  for (const path of byPath.keys()) {
    const folder = parents(path).find((each) => byPath.has(each));
    const file = folder === undefined ? undefined : byPath.get(folder);
    if (file) clashes.push(`${folder} would be a file (${file.from}) and the folder of ${path}`);
  }
  if (clashes.length > 0) {
    throw new ArchiverError("archive-name-collision", clashes.join("\n"));
  }
  return [...byPath.values()];
}

/** Throws ArchiverError `archive-name-collision` where an input would land where the bill of materials goes. */
export function keepBomPathFree(paths: ReadonlySet<string>): void {
  if (!paths.has(bomPath)) return;
  const remedy = "Leave it out of the inputs, or pack without --bom.";
  throw new ArchiverError("archive-name-collision", `--bom writes ${bomPath}, and so does an input.`, { remedy });
}

function parents(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join("/"));
}

async function sameContent(a: Source, b: Source): Promise<boolean> {
  if (a.file !== null && a.file === b.file) return true;
  if (a.bytes.size !== b.bytes.size) return false;
  return (await sha256Of(a)) === (await sha256Of(b));
}

async function describe(path: string, sources: readonly Source[]): Promise<string> {
  const lines = [`two files would land on ${path}`];
  for (const source of sources) {
    const digest = await sha256Of(source);
    lines.push(`  ${source.from}   ${formatSize(source.bytes.size)}   sha256 ${digest.slice(0, 16)}…`);
  }
  return lines.join("\n");
}

async function sha256Of(source: Source): Promise<string> {
  const hash = createHash("sha256");
  const opened = await source.bytes.open(nodeDisk);
  try {
    const block = Buffer.alloc(Math.min(1 << 20, source.bytes.size));
    for (let at = 0; at < source.bytes.size; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, source.bytes.size - at));
      await opened.read(part, at);
      hash.update(part);
    }
  } finally {
    await opened.close();
  }
  return hash.digest("hex");
}
