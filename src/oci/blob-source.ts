import type { ByteSource } from "../archive/byte-source.ts";
import { ArchiverError } from "../errors.ts";
import type { FilePlan } from "./model-pack.ts";
import { defaultRetry, Patience, type RetrySettings } from "./retry.ts";
import type { Store } from "./store.ts";

/** Least that is asked for at once, and the end of the file, where a ZIP's directory is. */
const least = 64 << 10;

export interface TransferSettings {
  readonly retry?: RetrySettings | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of the file from `start` on, from the blobs that hold them; goes on where a connection was cut. */
export async function* fileBytes(
  store: Store,
  plan: FilePlan,
  start: number,
  end: number,
  { retry = defaultRetry, signal }: TransferSettings,
): AsyncGenerator<Uint8Array> {
  const patience = new Patience(retry, signal);
  let at = start;
  for (const { at: first, length, digest, from } of plan.segments) {
    const last = Math.min(end, first + length);
    while (at < last && at >= first) {
      try {
        for await (const block of store.readBlob(digest, from + at - first, from + last - first)) {
          at += block.length;
          patience.progressed();
          yield block;
        }
      } catch (error) {
        await patience.next(error);
      }
    }
  }
  if (at < end) throw new ArchiverError("bad-artifact", "The layers do not make up the file.");
}

/** Most that is fetched ahead of one who reads on and on. */
const most = 8 << 20;

/** The file far away, of which only what is asked for is fetched; more at once for one who reads from start to end. */
export function remoteSource(store: Store, plan: FilePlan, settings: TransferSettings): ByteSource {
  const known: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  let window: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array(0) };
  let ahead = least;
  return {
    size: plan.size,
    position: null,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > plan.size) {
        throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${plan.size}`);
      }
      const holds = ({ start, bytes }: typeof window): boolean =>
        offset >= start && offset + length <= start + bytes.length;
      const chunk = holds(window) ? window : known.find(holds);
      if (chunk !== undefined) return chunk.bytes.subarray(offset - chunk.start, offset - chunk.start + length);
      const goesOn = offset <= window.start + window.bytes.length && offset > window.start;
      ahead = goesOn ? Math.min(most, ahead * 2) : least;
      const start = Math.max(0, Math.min(offset, plan.size - least));
      const end = Math.min(plan.size, Math.max(offset + length, start + ahead));
      const parts: Uint8Array[] = [];
      for await (const block of fileBytes(store, plan, start, end, settings)) parts.push(block);
      const bytes = Buffer.concat(parts);
      window = { start, bytes };
      if (bytes.length <= 4 * least) known.push(window);
      if (known.length > 16) known.shift();
      return bytes.subarray(offset - start, offset - start + length);
    },
  };
}
