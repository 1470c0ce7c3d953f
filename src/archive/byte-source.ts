/** Where bytes lie on disk as they are: absolute real path and offset of the first byte. */
export interface FilePosition {
  readonly file: string;
  readonly offset: number;
}

/**
 * Random access to a run of bytes: a file, a stored entry inside an archive, a record inside that, an HTTP resource.
 * Every model reader takes one of these, so a 10 GB model costs what is read of it.
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** Set when the bytes lie uncompressed on disk; ONNX Runtime then reads weights in place. */
  readonly position: FilePosition | null;
  /** Exactly `length` bytes from `offset`; throws RangeError beyond the end, ArchiverError when the medium fails. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Fills `target` from `offset`, where the medium can do so without a buffer of its own. */
  readInto?(target: Uint8Array, offset: number): Promise<void>;
}

/** A window of `length` bytes of `source` from `offset`, without copying. Throws RangeError when it does not fit. */
export function slice(source: ByteSource, offset: number, length: number): ByteSource {
  if (offset < 0 || length < 0 || offset + length > source.size) {
    throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${source.size}`);
  }
  const { position } = source;
  const hold = (start: number, count: number): void => {
    if (start < 0 || count < 0 || start + count > length) {
      throw new RangeError(`bytes ${start}..${start + count} are outside of ${length}`);
    }
  };
  return {
    size: length,
    position: position && { file: position.file, offset: position.offset + offset },
    read(start, count) {
      hold(start, count);
      return source.read(offset + start, count);
    },
    async readInto(target, start) {
      hold(start, target.length);
      await fill(source, target, offset + start);
    },
  };
}

/** Fills `target` with the bytes from `offset`; throws as `read` does. */
export async function fill(source: ByteSource, target: Uint8Array, offset: number): Promise<void> {
  if (source.readInto !== undefined) await source.readInto(target, offset);
  else target.set(await source.read(offset, target.length));
}

/** Bytes that are in memory already. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    position: null,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${bytes.length}`);
      }
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** The bytes from `start` to `end` in blocks of `blockSize`, in order. */
export async function* blocks(
  source: ByteSource,
  start = 0,
  end = source.size,
  blockSize = 1 << 20,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += blockSize) {
    yield await source.read(at, Math.min(blockSize, end - at));
  }
}
