/** A pickle assembler for tests: each function gives the bytes of an opcode or of a small idiom. */
const latin = (text: string): Buffer => Buffer.from(text, "latin1");

export function bytes(...parts: readonly (Buffer | string | number)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? latin(part) : typeof part === "number" ? Buffer.of(part) : part)),
  );
}

export const proto = (version: number): Buffer => Buffer.of(0x80, version);
export const text = (value: string): Buffer => bytes(0x8c, Buffer.byteLength(value), Buffer.from(value));
export const global = (module: string, name: string): Buffer => latin(`c${module}\n${name}\n`);
export const stackGlobal = (module: string, name: string): Buffer => bytes(text(module), text(name), 0x93);
export const mark = latin("(");
export const tuple = latin("t");
export const emptyTuple = latin(")");
export const reduce = latin("R");
export const stop = latin(".");
export const dict = (...items: readonly Buffer[]): Buffer => bytes("}(", ...items, "u");
export const tupleOf = (...items: readonly Buffer[]): Buffer => bytes(mark, ...items, tuple);

/** `module.name(args)` and STOP. */
export function call(module: string, name: string, ...args: readonly Buffer[]): Buffer {
  return bytes(proto(4), stackGlobal(module, name), tupleOf(...args), reduce, stop);
}

/** A whole stream of protocol 4. */
export function stream(...parts: readonly (Buffer | string | number)[]): Buffer {
  return bytes(proto(4), ...parts, stop);
}
