/** A protobuf writer for tests: fields of the wire format, and the few messages of onnx.proto that tests need. */
export function varint(value: number | bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Buffer.from(out);
}

export const integer = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field * 8), varint(value)]);

export function message(field: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

interface TensorOptions {
  readonly type?: number;
  readonly raw?: Uint8Array;
  readonly external?: Readonly<Record<string, string>>;
}

/** The content of a TensorProto. */
export function tensor(name: string, dims: readonly number[], options: TensorOptions = {}): Buffer {
  const parts = [...dims.map((dim) => integer(1, dim)), integer(2, options.type ?? 1), message(8, name)];
  if (options.raw !== undefined) parts.push(message(9, options.raw));
  for (const [key, value] of Object.entries(options.external ?? {})) {
    parts.push(message(13, message(1, key), message(2, value)));
  }
  if (options.external !== undefined) parts.push(integer(14, 1));
  return Buffer.concat(parts);
}

export const node = (op: string, inputs: readonly string[], outputs: readonly string[], ...more: Buffer[]): Buffer =>
  message(
    1,
    ...inputs.map((name) => message(1, name)),
    ...outputs.map((name) => message(2, name)),
    message(4, op),
    ...more,
  );

/** A float tensor as a graph's input or output. */
export function value(field: number, name: string, dims: readonly number[]): Buffer {
  const shape = message(2, ...dims.map((dim) => message(1, integer(1, dim))));
  return message(field, message(1, name), message(2, message(1, integer(1, 1), shape)));
}

export const input = (name: string, dims: readonly number[]): Buffer => value(11, name, dims);
export const output = (name: string, dims: readonly number[]): Buffer => value(12, name, dims);
export const initializer = (content: Buffer): Buffer => message(5, content);
export const opset = (version: number, domain = ""): Buffer => message(8, message(1, domain), integer(2, version));

/** A ModelProto of IR version 9 and opset 17 with this graph. */
export const model = (...graph: readonly Buffer[]): Buffer =>
  Buffer.concat([integer(1, 9), opset(17), message(7, ...graph)]);

/** `y = x · w`, with these bytes as `w`. */
export const product = (weights: Buffer): Buffer =>
  model(node("MatMul", ["x", "w"], ["y"]), input("x", [1, 2]), output("y", [1, 2]), initializer(weights));
