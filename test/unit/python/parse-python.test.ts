import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSource } from "../../../src/python/decode-source.ts";
import { readModule } from "../../../src/python/module.ts";
import { parsePython } from "../../../src/python/parse-python.ts";
import { dottedName, nodeIn, walk } from "../../../src/python/syntax.ts";

const parse = async (source: string) => {
  const parsed = await parsePython(source);
  const module = readModule(parsed);
  if (module === null) throw new Error(JSON.stringify(parsed.errors));
  return module;
};

test.each([
  ["a missing colon", "def f(x)\n  pass\n", 1],
  ["an unterminated string", "x = 1\ny = 'abc\n", 2],
  ["a bad dedent", "def f():\n    a\n  b\n", 3],
  ["a return outside of a function", "x = 1\nreturn x\n", 2],
  ["await outside of async", "await f()\n", 1],
  ["Python 2", "print 'x'\n", 1],
  ["a null byte", "x = 1\0", 1],
  ["a doubled parameter", "def f(a, a): pass\n", 1],
])("%s is an error on its line", async (_, source, line) => {
  const { errors, tree } = await parsePython(source);
  expect(errors[0]).toMatchObject({ line });
  expect(tree).toBeNull();
});

test.each([
  ["match", "match x:\n    case {'a': 1}: pass\n"],
  ["parenthesised with", "with (open(a) as b, open(c) as d):\n    pass\n"],
  ["type parameters", "def f[T](x: T) -> T: return x\n"],
  ["except*", "try:\n    pass\nexcept* E:\n    pass\n"],
  ["nested f-strings", "x = f'{a!r:>{w}} {f\"{b}\"}'\n"],
  ["a byte order mark", "\uFEFFx = 1\n"],
  ["nothing", ""],
])("%s is valid", async (_, source) => {
  const { errors, tree } = await parsePython(source);
  expect(errors).toEqual([]);
  expect(tree?.kind).toBe("ModModule");
});

test.each([
  ["brackets", `x = ${"(".repeat(5000)}1${")".repeat(5000)}`],
  ["operators", `x = ${"1 + ".repeat(20_000)}1`],
  ["negations", `x = ${"not ".repeat(20_000)}1`],
  ["unclosed brackets", "[".repeat(100_000)],
  ["blocks", Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}if 1:`).join("\n")],
])("hostile depth of %s neither hangs nor crashes, and the parser goes on", async (_, source) => {
  const { tree } = await parsePython(source);
  expect(tree).toBeNull();
  expect((await parsePython("x = 1\n")).tree?.kind).toBe("ModModule");
});

test("a module tells its names, classes, functions and imports", async () => {
  const { bindings, imports } = await parse(readFileSync("fixtures/efficientnet-lite0/onnx_handler.py", "utf8"));
  const type = bindings.get("OnnxHandler");
  expect(type?.kind === "class" && [...type.type.methods.keys()]).toEqual([
    "initialize",
    "handle",
    "preprocess",
    "top5",
  ]);
  expect(imports.map((one) => one.module)).toEqual(["io", "json", "os", "numpy", "onnxruntime", "PIL"]);
  expect(bindings.get("np")).toMatchObject({ kind: "import", module: "numpy", name: null });
});

test("what runs only sometimes is uncertain, what never runs on import is not there", async () => {
  const { bindings, imports } = await parse(
    "if a:\n    class A: pass\nif __name__ == '__main__':\n    class B: pass\ntry:\n    import c\nexcept ImportError:\n    c = None\ndef f():\n    import d\n",
  );
  expect(bindings.get("A")).toMatchObject({ certain: false });
  expect(bindings.has("B")).toBe(false);
  expect(imports).toMatchObject([
    { module: "c", soft: true, deferred: false },
    { module: "d", soft: false, deferred: true },
  ]);
});

test("positions are lines and columns, not bytes", async () => {
  const module = await parse("é = 'ü'; call(1)\n");
  const call = [...walk(module.tree)].find((node) => node.kind === "ExprCall");
  expect(call && dottedName(nodeIn(call, "func"))).toBe("call");
  expect(module.source.position(call?.start ?? 0)).toEqual({ line: 1, column: 10 });
});

test("constants come out as written", async () => {
  const module = await parse(`x = "a\\n\\u00e9\\"'" 'b\\u202e'\n`);
  const texts = [...walk(module.tree)].filter((node) => node.kind === "ConcatenatedStringLiteral");
  expect(texts[0]?.fields["value"]).toBe("a\né\"'b\u202e");
});

test("the encoding is what PEP 263 says", () => {
  const latin = Buffer.from("# -*- coding: latin-1 -*-\nx = 'caf\u00e9'\n", "latin1");
  expect(decodeSource(latin)).toContain("café");
  expect(decodeSource(latin.subarray(26))).toBeNull();
  expect(decodeSource(Buffer.from("# coding: no-such-code\n"))).toBeNull();
});

test("whatever is done to a source, it parses or has an error on one of its lines", async () => {
  const source = readFileSync("fixtures/efficientnet-lite0/onnx_handler.py", "utf8");
  const piece = fc.constantFrom(
    "(",
    ")",
    "'",
    '"""',
    "\t",
    "\n",
    ":",
    "=",
    "é",
    "\u2028",
    "\ud800",
    "f'{",
    "\\",
    "#",
    "lambda",
    "\r",
  );
  const edit = fc.record({ at: fc.nat(source.length), cut: fc.nat(20), put: piece });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      let text = source;
      for (const { at, cut, put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
      const { errors, tree } = await parsePython(text);
      expect(tree === null).toBe(errors.length > 0);
      const lines = text.split(/\r\n|\r|\n/).length;
      for (const { line } of errors) expect(line).toBeLessThanOrEqual(lines + 1);
    }),
    { numRuns: 40 },
  );
});
