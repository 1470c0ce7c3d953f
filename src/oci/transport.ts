import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ArchiverError } from "../errors.ts";
import { Passing } from "./retry.ts";

/** Silence after which a request is given up. */
const idleTimeout = 60_000;
const maxRedirects = 5;
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export interface Body {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface Ask {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly message: IncomingMessage;
}

/**
 * One request. Follows redirects of GET and HEAD; `authorization` goes to the first host only, and never from https to
 * http. Throws Passing for what may succeed when tried again.
 */
export async function send(ask: Ask): Promise<Answer> {
  let { url } = ask;
  let headers = { ...ask.headers };
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const message = await once({ ...ask, url, headers });
    const { statusCode: status = 0 } = message;
    const { location } = message.headers;
    const follows = (ask.method === "GET" || ask.method === "HEAD") && location !== undefined;
    if (!follows || ![301, 302, 303, 307, 308].includes(status)) {
      if (passing.has(status)) throw await unwell(url, message);
      return { status, headers: message.headers, url, message };
    }
    message.destroy();
    const next = new URL(location, url);
    if (next.protocol !== "https:" && next.protocol !== url.protocol) {
      throw new ArchiverError("network", `${shown(url)} redirects to ${next.protocol}, which is refused.`);
    }
    if (next.origin !== url.origin) headers = withoutCredentials(headers);
    url = next;
  }
  throw new ArchiverError("network", `${shown(ask.url)}: more than ${maxRedirects} redirects.`);
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}

async function unwell(url: URL, message: IncomingMessage): Promise<Passing> {
  const after = Number(message.headers["retry-after"]);
  const text = await errorText(message);
  const wait = Number.isFinite(after) ? after * 1000 : null;
  return new Passing(`${shown(url)} answered ${message.statusCode}${text}`, wait);
}

async function once({ method, url, headers, body, signal }: Ask): Promise<IncomingMessage> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const length =
    body === undefined
      ? method === "GET" || method === "HEAD"
        ? {}
        : { "content-length": "0" }
      : { "content-length": String(body.size) };
  const sent = request(url, { method, headers: { ...headers, ...length, "user-agent": "model-archiver" }, signal });
  sent.setTimeout(idleTimeout, () => sent.destroy(new Error(`no answer within ${idleTimeout / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  const written =
    body === undefined
      ? Promise.resolve(sent.end())
      : pipeline(Readable.from(body.open(), { objectMode: false }), sent);
  // A server that answers before it has read everything is heard; one that answers nothing has failed.
  written.catch((error: unknown) => sent.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    return await answered;
  } catch (error) {
    if (signal?.aborted) throw new ArchiverError("interrupted", "interrupted", { cause: error });
    if (error instanceof ArchiverError) throw error;
    throw new Passing(`${shown(url)}: ${error instanceof Error ? error.message : String(error)}`, null, error);
  }
}

/** Without query and user, which may hold tokens. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** The body of an answer that is small. Throws Passing when it is cut, ArchiverError when it is over `limit` bytes. */
export async function smallBody(answer: Answer, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer.message) {
      if (!(part instanceof Buffer)) continue;
      size += part.length;
      if (size > limit) throw new ArchiverError("network", `${shown(answer.url)} sent more than ${limit} bytes.`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof ArchiverError) throw error;
    throw new Passing(`${shown(answer.url)}: the answer was cut`, null, error);
  } finally {
    answer.message.destroy();
  }
  return Buffer.concat(parts, size);
}

/** What a registry says went wrong: `: BLOB_UNKNOWN blob unknown`. Never throws. */
export async function errorText(message: IncomingMessage): Promise<string> {
  try {
    const text = await smallBody({ status: 0, headers: {}, url: new URL("http://answer"), message }, 64 << 10);
    const document: { errors?: unknown } = JSON.parse(text.toString("utf8"));
    const [first]: unknown[] = Array.isArray(document.errors) ? document.errors : [];
    if (typeof first !== "object" || first === null) return "";
    const { code, message: said }: { code?: unknown; message?: unknown } = first;
    return `: ${[code, said].filter((part) => typeof part === "string").join(" ")}`;
  } catch {
    return "";
  }
}
