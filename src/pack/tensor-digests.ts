import { archiveSubject } from "../checks/archive-subject.ts";
import type { Archive } from "../archive/archive.ts";
import { ArchiverError } from "../errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { recordedTensorsPath, type RecordedFile, writeRecordedTensors } from "../tensors/recorded-tensors.ts";
import { tensorFiles } from "../tensors/tensor-files.ts";
import { TensorPass } from "../tensors/tensor-pass.ts";
import { plannedArchive } from "./planned-archive.ts";
import { madeSource, type Source } from "./source.ts";

/**
 * The digest of each tensor of what will be packed, from one more read of it. Throws ArchiverError `no-tensors` where
 * there are no tensors to be read.
 */
export async function tensorDigests(sources: readonly Source[], manifest: Manifest): Promise<Source> {
  const archive = plannedArchive(sources, manifest);
  try {
    const text = writeRecordedTensors(await recordedFiles(archive));
    return madeSource(recordedTensorsPath, "--tensor-digests", Buffer.from(text));
  } finally {
    await archive.close();
  }
}

async function recordedFiles(archive: Archive): Promise<readonly RecordedFile[]> {
  const files = await tensorFiles(archive, await archiveSubject(archive).model());
  const pass = await TensorPass.open(archive, files);
  try {
    const { of } = await archive.digests((entry) => pass.watch(entry));
    const found: RecordedFile[] = [];
    for (const [entry, file] of await pass.digests()) {
      if ("reason" in file) throw new ArchiverError("no-tensors", `${entry.path}: ${file.reason}`);
      const entries = Object.fromEntries(pass.entriesOf(entry).map((one) => [one.path, of.get(one)?.sha256 ?? ""]));
      found.push({ path: entry.path, entries, tensors: file.tensors });
    }
    if (found.length === 0) throw new ArchiverError("no-tensors", "No file to be packed holds tensors.");
    return found;
  } finally {
    await pass.close();
  }
}
