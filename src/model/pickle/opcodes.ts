/** How an opcode's argument is written. `line…` ends with a newline; `bytes1` has one byte of length, and so on. */
export type ArgumentKind =
  | "none"
  | "u1"
  | "u2"
  | "u4"
  | "i4"
  | "u8"
  | "f8"
  | "line-int"
  | "line-long"
  | "line-float"
  | "line-index"
  | "line-string"
  | "line-unicode"
  | "line-text"
  | "lines"
  | "long1"
  | "long4"
  | "string1"
  | "string4"
  | "bytes1"
  | "bytes4"
  | "bytes8"
  | "text1"
  | "text4"
  | "text8";

interface Row {
  readonly code: number;
  readonly argument: ArgumentKind;
  /** First protocol that has it. */
  readonly protocol: number;
}

const row = (code: number | string, argument: ArgumentKind, protocol: number): Row => ({
  code: typeof code === "number" ? code : code.charCodeAt(0),
  argument,
  protocol,
});

/** All 68 opcodes of protocols 0 to 5, in the order of CPython's Lib/pickletools.py. */
export const opcodes = {
  INT: row("I", "line-int", 0),
  BININT: row("J", "i4", 1),
  BININT1: row("K", "u1", 1),
  BININT2: row("M", "u2", 1),
  LONG: row("L", "line-long", 0),
  LONG1: row(0x8a, "long1", 2),
  LONG4: row(0x8b, "long4", 2),
  STRING: row("S", "line-string", 0),
  BINSTRING: row("T", "string4", 1),
  SHORT_BINSTRING: row("U", "string1", 1),
  BINBYTES: row("B", "bytes4", 3),
  SHORT_BINBYTES: row("C", "bytes1", 3),
  BINBYTES8: row(0x8e, "bytes8", 4),
  BYTEARRAY8: row(0x96, "bytes8", 5),
  NEXT_BUFFER: row(0x97, "none", 5),
  READONLY_BUFFER: row(0x98, "none", 5),
  NONE: row("N", "none", 0),
  NEWTRUE: row(0x88, "none", 2),
  NEWFALSE: row(0x89, "none", 2),
  UNICODE: row("V", "line-unicode", 0),
  SHORT_BINUNICODE: row(0x8c, "text1", 4),
  BINUNICODE: row("X", "text4", 1),
  BINUNICODE8: row(0x8d, "text8", 4),
  FLOAT: row("F", "line-float", 0),
  BINFLOAT: row("G", "f8", 1),
  EMPTY_LIST: row("]", "none", 1),
  APPEND: row("a", "none", 0),
  APPENDS: row("e", "none", 1),
  LIST: row("l", "none", 0),
  EMPTY_TUPLE: row(")", "none", 1),
  TUPLE: row("t", "none", 0),
  TUPLE1: row(0x85, "none", 2),
  TUPLE2: row(0x86, "none", 2),
  TUPLE3: row(0x87, "none", 2),
  EMPTY_DICT: row("}", "none", 1),
  DICT: row("d", "none", 0),
  SETITEM: row("s", "none", 0),
  SETITEMS: row("u", "none", 1),
  EMPTY_SET: row(0x8f, "none", 4),
  ADDITEMS: row(0x90, "none", 4),
  FROZENSET: row(0x91, "none", 4),
  POP: row("0", "none", 0),
  DUP: row("2", "none", 0),
  MARK: row("(", "none", 0),
  POP_MARK: row("1", "none", 1),
  GET: row("g", "line-index", 0),
  BINGET: row("h", "u1", 1),
  LONG_BINGET: row("j", "u4", 1),
  PUT: row("p", "line-index", 0),
  BINPUT: row("q", "u1", 1),
  LONG_BINPUT: row("r", "u4", 1),
  MEMOIZE: row(0x94, "none", 4),
  EXT1: row(0x82, "u1", 2),
  EXT2: row(0x83, "u2", 2),
  EXT4: row(0x84, "i4", 2),
  GLOBAL: row("c", "lines", 0),
  STACK_GLOBAL: row(0x93, "none", 4),
  REDUCE: row("R", "none", 0),
  BUILD: row("b", "none", 0),
  INST: row("i", "lines", 0),
  OBJ: row("o", "none", 1),
  NEWOBJ: row(0x81, "none", 2),
  NEWOBJ_EX: row(0x92, "none", 4),
  PROTO: row(0x80, "u1", 2),
  STOP: row(".", "none", 0),
  FRAME: row(0x95, "u8", 4),
  PERSID: row("P", "line-text", 0),
  BINPERSID: row("Q", "none", 1),
} as const satisfies Record<string, Row>;

export type OpName = keyof typeof opcodes;

/** An opcode as the reader looks it up. */
export interface Opcode {
  readonly name: OpName;
  readonly argument: ArgumentKind;
}

function isOpName(name: string): name is OpName {
  return Object.hasOwn(opcodes, name);
}

const byCode: readonly (Opcode | undefined)[] = (() => {
  const table: (Opcode | undefined)[] = Array.from({ length: 256 });
  for (const name of Object.keys(opcodes)) {
    if (isOpName(name)) table[opcodes[name].code] = { name, argument: opcodes[name].argument };
  }
  return table;
})();

/** The opcode of a byte, or null. */
export function opcodeOf(byte: number): Opcode | null {
  return byCode[byte] ?? null;
}
