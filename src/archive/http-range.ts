import { ArchiverError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { bodyOf, request, shown } from "./http-request.ts";

/** The end of the file, asked for first: end record, directory and often the manifest are in it. */
const tailSize = 128 << 10;
/** Least that is asked for at once: headers and the start of a model come together. */
const chunkSize = 64 << 10;

interface Chunk {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What the server said it will send. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** A server that sent the whole file although a part was asked for. */
export class NoRanges extends Error {
  /** Bytes, when the server tells. */
  readonly size: number | null;

  constructor(size: number | null) {
    super("the server cannot send parts of the file");
    this.size = size;
  }
}

/** A file on a web server, of which only what is asked for is fetched. Throws NoRanges or ArchiverError `network`. */
export async function openRanges(url: URL, signal: AbortSignal | undefined): Promise<ByteSource> {
  const first = await fetchRange(url, `bytes=-${tailSize}`, signal);
  const { total } = first.range;
  const chunks: Chunk[] = [{ start: first.range.start, bytes: first.bytes }];
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    if (offset < 0 || length < 0 || offset + length > total) {
      throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${total}`);
    }
    const known = chunks.find(({ start, bytes }) => offset >= start && offset + length <= start + bytes.length);
    if (known !== undefined) return known.bytes.subarray(offset - known.start, offset - known.start + length);
    const end = Math.min(total, offset + Math.max(length, chunkSize));
    const next = await fetchRange(url, `bytes=${offset}-${end - 1}`, signal);
    const { range } = next;
    if (range.start !== offset || range.total !== total || next.tag !== first.tag) {
      throw new ArchiverError("network", `${shown(url)} changed while it was read.`);
    }
    // Large reads are a stream's; only small ones are asked for again.
    if (next.bytes.length <= chunkSize) chunks.push({ start: offset, bytes: next.bytes });
    if (chunks.length > 16) chunks.splice(1, 1);
    return next.bytes.subarray(0, length);
  };
  return { size: total, position: null, read };
}

interface Part {
  readonly range: Range;
  readonly bytes: Uint8Array;
  /** What tells two versions of the file apart. */
  readonly tag: string;
}

async function fetchRange(url: URL, range: string, signal: AbortSignal | undefined): Promise<Part> {
  const response = await request(url, { range }, signal);
  const { message } = response;
  const { statusCode = 0, headers } = message;
  if (statusCode === 200) {
    message.destroy();
    throw new NoRanges(headers["content-length"] === undefined ? null : Number(headers["content-length"]));
  }
  const found = parseRange(headers["content-range"]);
  if (statusCode !== 206 || found === null) {
    message.destroy();
    throw new ArchiverError("network", `${shown(url)} answered ${statusCode}.`);
  }
  const bytes = await bodyOf(response, found.end - found.start + 1);
  return { range: found, bytes, tag: headers.etag ?? headers["last-modified"] ?? "" };
}

/** `bytes 0-499/1234` (RFC 9110, 14.4), of a size that one request may have. */
function parseRange(text: string | undefined): Range | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/u.exec(text ?? "");
  if (match === null) return null;
  const [start = 0, end = 0, total = 0] = match.slice(1).map(Number);
  return start <= end && end < total ? { start, end, total } : null;
}
