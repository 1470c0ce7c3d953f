/** Thrown when compressed data is broken, or yields more than was allowed. */
export class UnpackError extends Error {
  override readonly name = "UnpackError";
}

/** Bytes that grow as they are unpacked, up to a limit; matches copy from what is there already. */
export class Output {
  private readonly limit: number;
  private bytes: Uint8Array;
  private start = 0;
  length = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.bytes = new Uint8Array(Math.min(limit, 1 << 16));
  }

  /** Forgets what is there as history: matches may not reach before this place. */
  restart(): void {
    this.start = this.length;
  }

  /** Bytes since `restart`. */
  get position(): number {
    return this.length - this.start;
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.grow(this.length + 1);
    this.bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(this.length + bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** `length` bytes from `distance` bytes back, which may overlap what is written. */
  copy(distance: number, length: number): void {
    if (distance < 1 || distance > this.position) throw new UnpackError("reaches before the start of the data");
    if (this.length + length > this.bytes.length) this.grow(this.length + length);
    const { bytes } = this;
    for (let end = this.length + length; this.length < end; this.length++) {
      bytes[this.length] = bytes[this.length - distance] ?? 0;
    }
  }

  /** The byte `distance` back; 0 before the start. */
  back(distance: number): number {
    return distance > this.position ? 0 : (this.bytes[this.length - distance] ?? 0);
  }

  result(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private grow(needed: number): void {
    if (needed > this.limit) throw new UnpackError(`unpacks to more than ${this.limit} bytes`);
    const larger = new Uint8Array(Math.min(this.limit, Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
