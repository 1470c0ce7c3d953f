/** Writes one protobuf message, field by field (https://protobuf.dev/programming-guides/encoding/). */
export class Message {
  #bytes = new Uint8Array(256);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  int(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  /** A number by itself: a tag, a length. */
  varint(value: number | bigint): this {
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#floats([value]);
    return this;
  }

  text(field: number, value: string): this {
    return this.blob(field, Buffer.from(value, "utf8"));
  }

  message(field: number, message: Message): this {
    return this.blob(field, message.bytes);
  }

  blob(field: number, bytes: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A packed repeated field of varints. */
  ints(field: number, values: readonly (number | bigint)[]): this {
    const packed = new Message();
    for (const value of values) packed.#varint(value);
    return this.message(field, packed);
  }

  /** A packed repeated field of floats. */
  floats(field: number, values: readonly number[]): this {
    const packed = new Message();
    packed.#floats(values);
    return this.message(field, packed);
  }

  #floats(values: readonly number[]): void {
    this.#room(values.length * 4);
    const view = new DataView(this.#bytes.buffer);
    for (const value of values) {
      view.setFloat32(this.#length, value, true);
      this.#length += 4;
    }
  }

  /** Negative numbers as 64-bit two's complement, as int64 fields want them. */
  #varint(value: number | bigint): void {
    this.#room(10);
    if (typeof value === "number" && value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      while (rest > 0x7f) {
        this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      this.#bytes[this.#length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}
