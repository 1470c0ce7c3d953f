import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../archive/atomic-output.ts";
import { blocks, type ByteSource } from "../archive/byte-source.ts";
import { diskFailure, nodeDisk } from "../archive/disk.ts";
import { openFile } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import { buildIndex, digestOf, readDescriptor, readIndex, readJson, record } from "./index-document.ts";
import type { Descriptor, ManifestMeaning, Store, StoredManifest } from "./store.ts";
import { largestManifest } from "./store.ts";

const refName = "org.opencontainers.image.ref.name";

/** A folder in OCI's image layout. https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
export class Layout implements Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return stat(this.#blob(digest)).then(
      (stats) => stats.isFile(),
      () => false,
    );
  }

  async putBlob(digest: string, source: ByteSource, onBytes: (count: number) => void): Promise<"sent"> {
    await nodeDisk.makeFolder(join(this.#folder, "blobs", "sha256"));
    await writeAtomically(nodeDisk, this.#blob(digest), async (file) => {
      const hash = createHash("sha256");
      let at = 0;
      for await (const block of blocks(source)) {
        hash.update(block);
        await file.write(block, at);
        at += block.length;
        onBytes(block.length);
      }
      if (`sha256:${hash.digest("hex")}` !== digest) {
        throw new ArchiverError("input-changed", "The file changed while it was pushed.");
      }
    });
    return "sent";
  }

  async *readBlob(digest: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    const file = await openFile(this.#blob(digest));
    try {
      if (end > file.size) throw new ArchiverError("bad-artifact", `${digest} is shorter than the manifest says.`);
      yield* blocks(file, start, end);
    } finally {
      await file.close();
    }
  }

  async getManifest(name: string): Promise<StoredManifest | null> {
    const index = await this.#index();
    const named = (one: Descriptor): boolean => one.digest === name || one.annotations?.[refName] === name;
    const found = index.find(named);
    const digest = found?.digest ?? (name.startsWith("sha256:") ? name : null);
    if (digest === null) return null;
    const bytes = await this.#small(this.#blob(digest));
    if (bytes === null) return null;
    if (digestOf(bytes) !== digest) throw new ArchiverError("bad-artifact", `${digest} has another digest.`);
    const { mediaType } = readJson(bytes);
    return { bytes, digest, mediaType: typeof mediaType === "string" ? mediaType : (found?.mediaType ?? "") };
  }

  async putManifest(name: string, manifest: StoredManifest, meaning: ManifestMeaning): Promise<void> {
    const { bytes, digest, mediaType } = manifest;
    if (!(await this.hasBlob(digest))) {
      const source = {
        size: bytes.length,
        position: null,
        read: async (at: number, n: number) => bytes.subarray(at, at + n),
      };
      await this.putBlob(digest, source, () => undefined);
    }
    const annotations = { ...meaning.annotations, ...(name.startsWith("sha256:") ? {} : { [refName]: name }) };
    const own: Descriptor = { mediaType, digest, size: bytes.length, artifactType: meaning.artifactType, annotations };
    const others = (await this.#index()).filter(
      (one) =>
        one.annotations?.[refName] !== name && !(one.digest === digest && one.annotations?.[refName] === undefined),
    );
    await this.#write("index.json", Buffer.from(buildIndex([...others, own]).bytes));
    await this.#write("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  }

  async referrers(digest: string): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for (const one of await this.#index()) {
      const manifest = await this.getManifest(one.digest);
      const subject = manifest === null ? null : readDescriptor(record(readJson(manifest.bytes)["subject"]));
      if (subject?.digest === digest) found.push(one);
    }
    return found;
  }

  async #index(): Promise<readonly Descriptor[]> {
    const bytes = await this.#small(join(this.#folder, "index.json"));
    return bytes === null ? [] : readIndex(bytes);
  }

  async #small(path: string): Promise<Uint8Array | null> {
    try {
      const { size } = await stat(path);
      if (size > largestManifest) throw new ArchiverError("bad-artifact", `${path} is too large for a manifest.`);
      return await readFile(path);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw diskFailure(error, path);
    }
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await writeAtomically(nodeDisk, join(this.#folder, name), (file) => file.write(bytes, 0));
  }

  #blob(digest: string): string {
    return join(this.#folder, "blobs", "sha256", digest.slice("sha256:".length));
  }
}
