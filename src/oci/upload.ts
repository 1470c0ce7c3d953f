import type { ByteSource } from "../archive/byte-source.ts";
import { blocks } from "../archive/byte-source.ts";
import { stopIfAborted } from "../archive/read-once.ts";
import { ArchiverError } from "../errors.ts";
import type { Patience } from "./retry.ts";
import { Passing } from "./retry.ts";
import type { Answer, Ask, Body } from "./transport.ts";
import { forget, remember, remembered } from "./upload-memory.ts";

export interface UploadSettings {
  /** Where uploads to the repository begin. */
  readonly start: URL;
  readonly ask: (ask: Ask) => Promise<Answer>;
  readonly refused: (answer: Answer) => Promise<ArchiverError>;
  /** Whether the blob is there by now. */
  readonly exists: () => Promise<boolean>;
  readonly patience: Patience;
  readonly signal: AbortSignal | undefined;
  readonly chunk: number;
  /** Another repository of the registry that may have the blob; null where none is known. */
  readonly mountFrom: string | null;
  readonly onBytes: (count: number) => void;
}

/** How far an upload is: where to send the next bytes, and from which byte on. */
interface Session {
  readonly location: URL;
  readonly offset: number;
}

/** After so many failures the blob is sent: that may work where mounting does not. */
const mostMountTries = 3;
/** A registry that loses each upload must not be sent the same bytes for ever. */
const mostBeginnings = 5;

/**
 * Sends a blob: in one request up to a chunk, else in chunks. After a failure the registry is asked how far it came,
 * and the rest is sent; an upload that a killed process left behind goes on, too. Nothing is sent, and `mounted` is the
 * answer, where the registry takes the blob from another repository.
 */
export async function upload(
  digest: string,
  source: ByteSource,
  settings: UploadSettings,
): Promise<"sent" | "mounted"> {
  const { patience, chunk } = settings;
  const large = source.size > chunk;
  const key = keyOf(digest, settings);
  let session = large ? await resumed(urlOf(await remembered("uploads", key)), source.size, settings) : null;
  if (session !== null) settings.onBytes(session.offset);
  let begun = 0;
  let failure = "";
  if (session === null && settings.mountFrom !== null) {
    const answer = await mount(digest, settings.mountFrom, settings);
    if (answer === "mounted") return "mounted";
    session = answer;
  }
  for (;;) {
    const before: number = session?.offset ?? 0;
    try {
      if (session === null && (begun += 1) > mostBeginnings) {
        throw new ArchiverError("network", `${failure} (begun ${mostBeginnings} times)`);
      }
      session ??= await begin(settings);
      if (large) await remember("uploads", key, session.location.href);
      stopIfAborted(settings.signal);
      const rest = source.size - session.offset;
      if (rest > chunk || (rest > 0 && session.offset > 0)) {
        session = await sendChunk(source, session, settings);
        patience.progressed();
        if (session.offset < source.size) continue;
      }
      await finish(digest, source, session, settings);
      break;
    } catch (error) {
      await patience.next(error);
      failure = error instanceof Error ? error.message : String(error);
      const lost = session;
      session = session && (await resumed(session.location, source.size, settings));
      if ((session?.offset ?? 0) > before) patience.progressed();
      // An upload that is gone may have been finished, and only the answer was lost.
      if (lost !== null && session === null && (await settings.exists())) break;
    }
  }
  if (large) await forget("uploads", key);
  return "sent";
}

function keyOf(digest: string, { start }: UploadSettings): string {
  return `${start.href} ${digest}`;
}

function urlOf(text: string | null): URL | null {
  return text !== null && URL.canParse(text) ? new URL(text) : null;
}

/**
 * Asks for the blob of another repository. A registry that does not give it begins an upload, or refuses: then one is
 * begun as ever. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
async function mount(
  digest: string,
  from: string,
  { start, ask, patience }: UploadSettings,
): Promise<Session | "mounted" | null> {
  const url = new URL(start);
  url.searchParams.set("mount", digest);
  url.searchParams.set("from", from);
  for (let tries = 0; tries < mostMountTries; tries += 1) {
    try {
      const answer = await ask({ method: "POST", url });
      answer.message.destroy();
      if (answer.status === 201) return "mounted";
      return answer.status === 202 ? { location: locationOf(answer, start), offset: 0 } : null;
    } catch (error) {
      // No right to read there is no reason not to write here.
      if (error instanceof ArchiverError && error.code === "denied") return null;
      await patience.next(error);
    }
  }
  return null;
}

async function begin({ start, ask, refused }: UploadSettings): Promise<Session> {
  const answer = await ask({ method: "POST", url: start });
  if (answer.status !== 202) throw await refused(answer);
  answer.message.destroy();
  return { location: locationOf(answer, start), offset: 0 };
}

/** Time that a chunk gets to arrive after an interruption, ms. */
const grace = 3000;

/**
 * docker-registry 2.8 gives up an upload of which it got half a request. So an interruption lets the chunk that is on
 * its way arrive, if that does not take long: then the next push goes on behind it.
 */
async function sendChunk(source: ByteSource, session: Session, settings: UploadSettings): Promise<Session> {
  const { location, offset } = session;
  const end = Math.min(source.size, offset + settings.chunk);
  const later = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => void (timer = setTimeout(() => later.abort(), grace));
  settings.signal?.addEventListener("abort", onAbort, { once: true });
  const answer = await settings
    .ask({
      method: "PATCH",
      url: location,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
      body: part(source, offset, end, settings.onBytes),
      signal: later.signal,
    })
    .finally(() => {
      settings.signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    });
  // 416: the registry is elsewhere than we think, and will say where.
  if (answer.status === 416) throw new Passing("the registry expects other bytes");
  if (answer.status !== 202) throw await settings.refused(answer);
  answer.message.destroy();
  const next = received(answer) ?? end;
  if (next <= offset || next > source.size) throw new Passing("the registry did not take the bytes");
  return { location: locationOf(answer, location), offset: next };
}

async function finish(digest: string, source: ByteSource, session: Session, settings: UploadSettings): Promise<void> {
  const url = new URL(session.location);
  url.searchParams.set("digest", digest);
  const answer = await settings.ask({
    method: "PUT",
    url,
    headers: { "content-type": "application/octet-stream" },
    body: part(source, session.offset, source.size, settings.onBytes),
  });
  if (answer.status === 201) return void answer.message.destroy();
  if (answer.status === 404) throw new Passing("the registry forgot the upload");
  // Bytes that are not what their digest says must not be taken up again; what was only cut may be.
  await forget("uploads", keyOf(digest, settings));
  throw await settings.refused(answer);
}

/** Where an upload stands by what the registry says; null when it must begin again. */
async function resumed(location: URL | null, size: number, { ask }: UploadSettings): Promise<Session | null> {
  if (location === null) return null;
  try {
    const answer = await ask({ method: "GET", url: location });
    answer.message.destroy();
    if (answer.status !== 204) return null;
    const offset = received(answer) ?? 0;
    return offset > size ? null : { location: locationOf(answer, location), offset };
  } catch (error) {
    if (error instanceof Passing) return null;
    throw error;
  }
}

/** `Range: 0-1023` says that 1,024 bytes are there. Some answer `0-0` for none: a byte sent twice would be refused. */
function received(answer: Answer): number | null {
  const end = /^(?:bytes=)?0-(\d+)$/u.exec(answer.headers.range ?? "")?.[1];
  if (end === undefined) return null;
  return end === "0" ? 0 : Number(end) + 1;
}

function locationOf(answer: Answer, from: URL): URL {
  const { location } = answer.headers;
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new ArchiverError("network", `${from.origin} does not say where to send the bytes.`);
  }
  return new URL(location, from);
}

function part(source: ByteSource, start: number, end: number, onBytes: (count: number) => void): Body {
  async function* open(): AsyncGenerator<Uint8Array> {
    for await (const block of blocks(source, start, end)) {
      yield block;
      onBytes(block.length);
    }
  }
  return { size: end - start, open };
}
