import { createHash } from "node:crypto";
import type { ByteSource } from "../archive/byte-source.ts";
import { ArchiverError } from "../errors.ts";
import { Authorization } from "./authorization.ts";
import { dockerCredentials } from "./credentials.ts";
import { isLoopback, isRepository, type RegistryReference } from "./reference.ts";
import { defaultRetry, Passing, Patience, type RetrySettings } from "./retry.ts";
import { type Descriptor, indexType, largestManifest, type ManifestMeaning, manifestType } from "./store.ts";
import type { Store, StoredManifest } from "./store.ts";
import { buildIndex, readIndex } from "./index-document.ts";
import { type Answer, type Ask, errorText, send, shown, smallBody } from "./transport.ts";
import { upload } from "./upload.ts";
import { remember, remembered } from "./upload-memory.ts";

export interface RegistrySettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the folders of `oci-layout:` start; process.cwd() when left out. */
  readonly cwd?: string | undefined;
  /** `loopback`: plain HTTP for this machine only; `anywhere`: for every host. */
  readonly plainHttp?: "loopback" | "anywhere" | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetrySettings;
  /** Bytes of a chunk of a resumable upload. */
  readonly chunk?: number;
  /** Another repository of the registry, to take blobs from; the one that a push remembers when left out. */
  readonly mountFrom?: string | undefined;
  /** Whether to ask for the right to write, too. */
  readonly push?: boolean;
}

/** Small enough to arrive within seconds, large enough that a round trip a chunk does not count. */
export const defaultChunk = 16 << 20;
/** Smaller blobs are sent as fast as they are asked for. */
const worthMounting = 1 << 20;

/**
 * A repository of a registry. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * Throws ArchiverError `network`, `denied`, `no-such-artifact` and `bad-artifact`.
 */
export class Registry implements Store {
  readonly #base: URL;
  readonly #reference: RegistryReference;
  readonly #settings: RegistrySettings;
  readonly #authorization: Authorization;

  constructor(reference: RegistryReference, settings: RegistrySettings) {
    const { host, repository } = reference;
    if (settings.plainHttp === "loopback" && !isLoopback(host)) {
      const remedy =
        "Leave --plain-http out, or pass --plain-http-anywhere if everybody on the way may read and change it.";
      throw new ArchiverError("usage", `--plain-http is for this machine; ${host} is another.`, { remedy });
    }
    const { mountFrom } = settings;
    if (mountFrom !== undefined && !isRepository(mountFrom)) {
      throw new ArchiverError(
        "usage",
        `--mount-from ${mountFrom}: expected a repository of ${host}, such as models/base`,
      );
    }
    this.#reference = reference;
    this.#settings = settings;
    this.#base = new URL(`${settings.plainHttp === undefined ? "https" : "http"}://${host}/v2/${repository}/`);
    const scope = `repository:${repository}:pull${settings.push ? ",push" : ""}`;
    this.#authorization = new Authorization(this.#base, scope, () => dockerCredentials(host, settings.env));
  }

  async hasBlob(digest: string): Promise<boolean> {
    const answer = await this.#ask({ method: "HEAD", url: this.#url(`blobs/${digest}`) });
    answer.message.destroy();
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    throw await this.#refused(answer);
  }

  async putBlob(digest: string, source: ByteSource, onBytes: (count: number) => void): Promise<"sent" | "mounted"> {
    const { signal, retry = defaultRetry, chunk = defaultChunk } = this.#settings;
    const { host, repository } = this.#reference;
    const key = source.size < worthMounting ? null : `${host} ${digest}`;
    const known = key === null ? null : (this.#settings.mountFrom ?? (await remembered("blobs", key)));
    const done = await upload(digest, source, {
      start: this.#url("blobs/uploads/"),
      ask: (ask) => this.#once(ask),
      refused: (answer) => this.#refused(answer),
      exists: () => this.hasBlob(digest),
      patience: new Patience(retry, signal),
      signal,
      chunk,
      mountFrom: known === repository ? null : known,
      onBytes,
    });
    if (key !== null) await remember("blobs", key, repository);
    return done;
  }

  async *readBlob(digest: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start === end) return;
    const answer = await this.#ask({
      method: "GET",
      url: this.#url(`blobs/${digest}`),
      headers: { range: `bytes=${start}-${end - 1}`, "accept-encoding": "identity" },
    });
    if (answer.status !== 206 && answer.status !== 200) throw await this.#refused(answer);
    let at = answer.status === 206 ? rangeStart(answer.headers["content-range"], start, answer) : 0;
    try {
      for await (const block of answer.message) {
        if (!(block instanceof Uint8Array)) continue;
        const from = Math.max(0, start - at);
        const to = Math.min(block.length, end - at);
        at += block.length;
        if (from < to) yield block.subarray(from, to);
        if (at >= end) return;
      }
    } catch (error) {
      if (this.#settings.signal?.aborted) throw new ArchiverError("interrupted", "interrupted", { cause: error });
      throw new Passing(`${shown(answer.url)}: the answer was cut`, null, error);
    } finally {
      answer.message.destroy();
    }
    if (at < end) throw new Passing(`${shown(answer.url)}: the answer was cut at byte ${at} of ${end}`);
  }

  async getManifest(name: string): Promise<StoredManifest | null> {
    const url = this.#url(`manifests/${name}`);
    const accept = `${manifestType}, ${indexType}`;
    const found = await this.#retried(async () => {
      const answer = await this.#once({ method: "GET", url, headers: { accept } });
      if (answer.status === 200) return { bytes: await smallBody(answer, largestManifest), headers: answer.headers };
      if (answer.status !== 404) throw await this.#refused(answer);
      answer.message.destroy();
      return null;
    });
    if (found === null) return null;
    const { bytes, headers } = found;
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (name.startsWith("sha256:") && name !== digest) {
      throw new ArchiverError("bad-artifact", `${shown(url)}: the manifest has another digest, ${digest}.`);
    }
    return { bytes, digest, mediaType: headers["content-type"]?.split(";", 1)[0] ?? "" };
  }

  async putManifest(name: string, manifest: StoredManifest, meaning: ManifestMeaning): Promise<void> {
    const { bytes, mediaType, digest } = manifest;
    const { artifactType, subject, annotations } = meaning;
    const answer = await this.#ask({
      method: "PUT",
      url: this.#url(`manifests/${name}`),
      headers: { "content-type": mediaType },
      body: { size: bytes.length, open: () => single(bytes) },
    });
    if (answer.status !== 201) throw await this.#refused(answer);
    answer.message.destroy();
    // A registry that knows referrers says so; for others the index under the tag is ours to keep.
    if (subject === null || answer.headers["oci-subject"] !== undefined) return;
    const tag = subject.replace(":", "-");
    const own: Descriptor = {
      mediaType,
      digest,
      size: bytes.length,
      artifactType,
      ...(annotations && { annotations }),
    };
    const others = (await this.#fallback(subject)).filter((one) => one.digest !== digest);
    const index = buildIndex([...others, own]);
    await this.putManifest(tag, index, { artifactType: "", subject: null });
  }

  async referrers(digest: string): Promise<readonly Descriptor[]> {
    const url = this.#url(`referrers/${digest}`);
    const found = await this.#retried(async () => {
      const answer = await this.#once({ method: "GET", url, headers: { accept: indexType } });
      const knows = answer.status === 200 && answer.headers["content-type"]?.startsWith(indexType) === true;
      if (knows) return readIndex(await smallBody(answer, largestManifest));
      answer.message.destroy();
      return [];
    });
    return found.length > 0 ? found : this.#fallback(digest);
  }

  async #fallback(digest: string): Promise<readonly Descriptor[]> {
    const index = await this.getManifest(digest.replace(":", "-"));
    return index === null ? [] : readIndex(index.bytes);
  }

  /** A request that is the same when sent twice. */
  #ask(ask: Ask): Promise<Answer> {
    return this.#retried(() => this.#once(ask));
  }

  async #retried<T>(attempt: () => Promise<T>): Promise<T> {
    const patience = new Patience(this.#settings.retry ?? defaultRetry, this.#settings.signal);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await patience.next(error);
      }
    }
  }

  /** Sends, and once more with what the registry wants to see. */
  async #once(ask: Ask): Promise<Answer> {
    const { signal = this.#settings.signal } = ask;
    let own: Record<string, string> = {};
    const attempt = (): Promise<Answer> => {
      own = this.#authorization.headers(ask.url);
      return send({ ...ask, signal, headers: { ...ask.headers, ...own } });
    };
    const answer = await attempt();
    if (answer.status !== 401) return answer;
    if (!(await this.#authorization.answer(answer, own["authorization"], signal))) return answer;
    answer.message.destroy();
    return attempt();
  }

  #url(path: string): URL {
    return new URL(path, this.#base);
  }

  async #refused(answer: Answer): Promise<ArchiverError> {
    const { status } = answer;
    const text = await errorText(answer.message);
    const { host, repository } = this.#reference;
    if (status === 401 || status === 403) {
      const remedy = `docker login ${host}`;
      return new ArchiverError("denied", `${host} refuses ${repository}: ${status}${text}`, { remedy });
    }
    if (status === 404) return new ArchiverError("no-such-artifact", `${shown(answer.url)} is not there${text}`);
    return new ArchiverError("network", `${shown(answer.url)} answered ${status}${text}`);
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function rangeStart(header: string | undefined, wanted: number, answer: Answer): number {
  const start = Number(/^bytes (\d+)-/u.exec(header ?? "")?.[1] ?? Number.NaN);
  if (start === wanted) return start;
  answer.message.destroy();
  throw new ArchiverError("network", `${shown(answer.url)} sent another range than was asked for.`);
}
