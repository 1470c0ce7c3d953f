import { join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { extract } from "../archive/extract.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { ArchiverError } from "../errors.ts";
import { writeFile } from "./write-file.ts";

/** What describes the files of a directory that no server knows yet. */
export const modelDescription = "model.json";

/** Unpacks everything but what lies beside the manifest, and describes it in one JSON file. */
export async function exportDirectory(archive: Archive, name: string, folder: string): Promise<void> {
  const subject = archiveSubject(archive);
  const entries = archive.entries.filter(({ path }) => !path.startsWith("MAR-INF/"));
  if (entries.some(({ path }) => path === modelDescription)) {
    throw new ArchiverError("not-convertible", `${archive.location} has a ${modelDescription} already.`, {
      remedy: "Use model-archiver extract.",
    });
  }
  const paths = entries.map(({ path }) => path);
  const { refused } = await extract(archive, { output: folder, ...(paths.length > 0 ? { entries: paths } : {}) });
  const [anomaly] = refused;
  if (anomaly !== undefined) throw new ArchiverError("bad-archive", `${archive.location}: ${anomaly.message}`);
  const manifest = (await subject.manifest())?.manifest ?? null;
  const model = await subject.model();
  const { of } = await archive.digests();
  const files = entries.filter(({ kind }) => kind === "file");
  const description = {
    schemaVersion: 1,
    name,
    version: manifest?.model.modelVersion ?? null,
    runtime: manifest?.runtime ?? null,
    handler: manifest?.model.handler ?? null,
    requirementsFile: manifest?.model.requirementsFile ?? null,
    configFile: manifest?.model.configFile ?? null,
    model: model && { file: model.entry.path, format: model.format, signature: await subject.signature() },
    files: files.map((entry) => ({ path: entry.path, size: entry.size, sha256: of.get(entry)?.sha256 ?? null })),
  };
  await writeFile(join(folder, modelDescription), `${JSON.stringify(description, null, 2)}\n`);
}
