import type { IncomingMessage } from "node:http";
import { ArchiverError } from "../errors.ts";

const maxRedirects = 5;
/** Silence of the server after which a request is given up. */
const idleTimeout = 30_000;

export interface Response {
  readonly message: IncomingMessage;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

/** Credentials of the URL go to its own host only; a redirect elsewhere gets none. Throws ArchiverError `network`. */
export async function request(
  start: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let url = start;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const message = await send(url, withCredentials(url, start, headers), signal);
    const { statusCode = 0 } = message;
    const { location } = message.headers;
    if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return { message, url };
    message.destroy();
    url = redirected(url, location);
  }
  throw new ArchiverError("network", `${shown(start)}: more than ${maxRedirects} redirects.`);
}

function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw new ArchiverError("network", `${shown(from)} redirects to something that is no URL.`);
  }
  const to = new URL(location, from);
  if (!isHttp(to)) throw new ArchiverError("network", `${shown(from)} redirects to ${to.protocol}, which is refused.`);
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw new ArchiverError("network", `${shown(from)} redirects from https to http, which is refused.`);
  }
  return to;
}

export function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

/** Without user name, password and query, which may hold a token. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function withCredentials(url: URL, start: URL, headers: Readonly<Record<string, string>>): Record<string, string> {
  const own = url.origin === start.origin && start.username !== "";
  if (!own) return { ...headers };
  const pair = `${decodeURIComponent(start.username)}:${decodeURIComponent(start.password)}`;
  return { ...headers, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

async function send(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const { get } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const bare = new URL(url);
    bare.username = "";
    bare.password = "";
    const sent = get(bare, { headers: { ...headers, "accept-encoding": "identity" }, signal }, resolve);
    sent.setTimeout(idleTimeout, () => sent.destroy(new Error(`no answer within ${idleTimeout / 1000} s`)));
    sent.on("error", (error) => reject(signal?.aborted === true ? interrupted(error) : failed(url, error)));
  });
}

function interrupted(error: unknown): ArchiverError {
  return new ArchiverError("interrupted", "interrupted", { cause: error });
}

export function failed(url: URL, error: unknown): ArchiverError {
  if (error instanceof ArchiverError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ArchiverError("network", `${shown(url)}: ${reason}`, { cause: error });
}

/** The body as one array of exactly `length` bytes. Throws ArchiverError `network` when it is shorter or longer. */
export async function bodyOf({ message, url }: Response, length: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of message) {
      if (!(part instanceof Buffer)) continue;
      size += part.length;
      if (size > length)
        throw new ArchiverError("network", `${shown(url)} sent more than the ${length} bytes asked for.`);
      parts.push(part);
    }
  } catch (error) {
    throw failed(url, error);
  } finally {
    message.destroy();
  }
  if (size < length) throw new ArchiverError("network", `${shown(url)} sent ${size} of ${length} bytes.`);
  return Buffer.concat(parts, size);
}
