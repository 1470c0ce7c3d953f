import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteSource, memorySource } from "../../../../src/archive/byte-source.ts";
import { MalformedModel } from "../../../../src/model/malformed.ts";
import {
  parseFloatLine,
  parseIndex,
  parseInteger,
  parseString,
  parseUnicode,
} from "../../../../src/model/pickle/literals.ts";
import { opcodes } from "../../../../src/model/pickle/opcodes.ts";
import { type Op, PickleReader } from "../../../../src/model/pickle/reader.ts";
import { newBudget, scanStream } from "../../../../src/model/pickle/scan-stream.ts";
import * as p from "./assemble.ts";

async function opsOf(bytes: Uint8Array): Promise<Op[]> {
  const reader = new PickleReader(memorySource(bytes));
  const out: Op[] = [];
  while (!reader.done) out.push(...(await reader.batch()));
  return out;
}

const plain = { persistent: "none", torchscript: false, allowed: new Set<string>() } as const;

describe("the opcode table", () => {
  test("has the 68 opcodes of protocols 0 to 5, each with a code of its own", () => {
    const codes = Object.values(opcodes).map(({ code }) => code);
    expect(codes.length).toBe(68);
    expect(new Set(codes).size).toBe(68);
  });
});

describe("arguments", () => {
  test("numbers of every width", async () => {
    const ops = await opsOf(
      p.stream(
        "K",
        200,
        "M",
        1,
        2,
        "J",
        255,
        255,
        255,
        255,
        0x8a,
        2,
        0,
        128,
        0x8a,
        0,
        "G",
        Buffer.from("3ff8000000000000", "hex"),
      ),
    );
    const values = ops.flatMap(({ argument }) => ("value" in argument ? [argument.value] : []));
    expect(values).toEqual([4, 200, 513, -1, -32768, 0, 1.5]);
  });
  test("lines", async () => {
    const ops = await opsOf(p.bytes("I01\nI-7\nL99999999999999999999L\nF2.5\nS'a\\n\\x41'\nVb\\u00e9\ng12\np0\n."));
    const [flag, small, large, float, string, unicode] = ops.map(({ argument }) => argument);
    expect(flag).toEqual({ kind: "bool", value: true });
    expect(small).toEqual({ kind: "int", value: -7 });
    expect(large).toEqual({ kind: "int", value: 99999999999999999999n });
    expect(float).toEqual({ kind: "float", value: 2.5 });
    expect(string).toMatchObject({ text: "a\nA", python2: true });
    expect(unicode).toMatchObject({ text: "bé" });
  });
  test("texts and bytes tell where they lie; large ones are not read", async () => {
    const large = Buffer.alloc(200_000, 97);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(large.length);
    const file = p.stream("B", length, large, p.text("né"));
    const source = memorySource(file);
    let read = 0;
    const counting: ByteSource = {
      ...source,
      read: (offset, count) => {
        read += count;
        return source.read(offset, count);
      },
    };
    const ops = await new PickleReader(counting).batch();
    expect(ops[1]?.argument).toEqual({ kind: "bytes", bytes: null, at: 7, length: 200_000 });
    expect(ops[2]?.argument).toMatchObject({ kind: "text", text: "né", at: 200_009, length: 3 });
    expect(read).toBeLessThan(3000);
  });
});

describe("literals of protocol 0", () => {
  test("are read as Python reads them", () => {
    expect(parseInteger("0x10")).toBe(16);
    expect(parseInteger("-0b11")).toBe(-3);
    expect(parseInteger("1_000")).toBe(1000);
    expect(parseInteger("12L")).toBe(12);
    expect(parseIndex(" 7 ")).toBe(7);
    expect(parseFloatLine("-inf")).toBe(-Infinity);
    expect(parseFloatLine("1e5")).toBe(100_000);
    expect(parseString("'\\101\\t\\''")).toBe("A\t'");
    expect(parseUnicode("\\\\u0041\\u0041\\U0001F600")).toBe("\\\\u0041A\u{1f600}");
  });
  test("are refused as Python refuses them", () => {
    for (const text of ["", "x", "1.5", "--1", "0x"]) expect(parseInteger(text)).toBeNull();
    for (const text of ["", "-1", "x", "0x1"]) expect(parseIndex(text)).toBeNull();
    for (const text of ["", "one", "1e", "."]) expect(parseFloatLine(text)).toBeNull();
    for (const text of ["a", "'a", "'a\"", "'\\x4'"]) expect(parseString(text)).toBeNull();
    for (const text of ["\\u00g0", "\\U00110000", "\\u12"]) expect(parseUnicode(text)).toBeNull();
  });
});

describe("hostile streams", () => {
  test("any bytes end, as a scan with findings or without", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
        const scan = await scanStream(memorySource(noise), 0, plain, newBudget());
        expect(scan.complete).toBe(scan.judge.findings.every(({ rule }) => rule !== "malformed"));
      }),
      { numRuns: 500 },
    );
  });
  test("any sequence of real opcodes ends, too", async () => {
    const codes = Object.values(opcodes).map(({ code }) => code);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...codes), { maxLength: 200 }), async (list) => {
        await scanStream(memorySource(Buffer.from([...list, 46])), 0, plain, newBudget());
      }),
      { numRuns: 300 },
    );
  });
  test("what comes before the damage is handed out first", async () => {
    const reader = new PickleReader(memorySource(p.bytes(p.proto(2), p.global("os", "system"), 0xff)));
    expect((await reader.batch()).map(({ name }) => name)).toEqual(["PROTO", "GLOBAL"]);
    await expect(reader.batch()).rejects.toThrow(MalformedModel);
  });
  test("doubling by DUP and TUPLE2 stays linear", async () => {
    const doubling = Buffer.concat(Array.from({ length: 20_000 }, () => p.bytes("2", 0x86)));
    const scan = await scanStream(memorySource(p.stream(")", doubling)), 0, plain, newBudget());
    expect(scan.complete).toBe(true);
  });
  test("more work than any model needs is refused", async () => {
    const budget = { ...newBudget(), opcodes: 1000 };
    const scan = await scanStream(memorySource(p.stream("N0".repeat(5000), "N")), 0, plain, budget);
    expect(scan.judge.findings.map(({ rule }) => rule)).toEqual(["unscannable"]);
  });
  test("numbers of a million digits cost nothing", async () => {
    expect(parseInteger("9".repeat(1_000_000))).toBe(0n);
    const scan = await scanStream(memorySource(p.bytes("I", "9".repeat(100_000), "\n.")), 0, plain, newBudget());
    expect(scan.complete).toBe(true);
  });
});
