import { basename } from "node:path";
import { type DigestingFile, digestingFile } from "../archive/digesting-file.ts";
import type { DiskFile } from "../archive/disk.ts";
import type { WrittenArchive } from "../archive/written-archive.ts";
import type { SigningKey } from "../sign/envelope.ts";
import { signArchive, signaturePath, writeSignature } from "../sign/sign.ts";
import { comparePaths, gitPaths, isBelow, type Resource } from "../sign/statement.ts";
import type { Plan } from "./plan.ts";

export interface OutputSigner {
  /** Digests the output's file on the way to the disk. */
  readonly watch: (file: DiskFile) => DiskFile;
  /** Signs what was written; gives the signature's path. */
  readonly sign: (written: WrittenArchive, options: { readonly signal?: AbortSignal }) => Promise<string>;
}

/**
 * Signs from what passes by while the output is written: always for a tar.gz, for a folder, and for a ZIP of small
 * entries. The header of a large entry has the CRC-32 of what follows it and is written once more, so that such a ZIP
 * is read again, from memory if it fits there.
 */
export function outputSigner(plan: Plan, key: SigningKey): OutputSigner {
  let digesting: DigestingFile | undefined;
  return {
    watch(file) {
      digesting = digestingFile(file);
      return digesting.file;
    },
    async sign({ entries }, { signal }) {
      const output = signaturePath(plan.output);
      const files = entries.map(({ path, sha256 }) => ({ name: path, digest: sha256 })).toSorted(byPath);
      const whole = digesting?.sha256() ?? null;
      if (plan.format !== "no-archive" && whole === null) {
        return (await signArchive(plan.output, { ...key, ...(signal ? { signal } : {}) })).signature;
      }
      const content =
        whole === null
          ? { resources: files.filter(({ name }) => !isBelow(name, gitPaths)), entries: [] }
          : { resources: [{ name: ".", digest: whole }], entries: plan.format === "tgz" ? [] : files };
      await writeSignature(output, { name: basename(plan.output), ignoredPaths: gitPaths, ...content }, key);
      return output;
    },
  };
}

function byPath(a: Resource, b: Resource): number {
  return comparePaths(a.name, b.name);
}
