import { readFileSync } from "node:fs";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";
import { expect, test } from "vitest";
import { parsePython } from "../../../src/python/parse-python.ts";
import { isPlain } from "../../../src/python/plain-syntax.ts";
import { readTree } from "../../../src/python/read-tree.ts";

const ruff = new Workspace({}, PositionEncoding.Utf16);
const plain = (source: string): boolean => isPlain(readTree(ruff.parse(source)));

/** What the parser takes and CPython's compiler refuses. */
const refused = [
  "return x",
  "class A:\n    return x",
  "def f():\n    class A:\n        return x",
  "break",
  "continue",
  "while x:\n    def f():\n        break",
  "for x in y:\n    class A:\n        continue",
  "for x in y:\n    pass\nelse:\n    break",
  "def f(a, a): pass",
  "def f(a, /, b, *, a): pass",
  "def f(*a, **a): pass",
  "lambda a, *a: 1",
  "f(a=1, b=2, a=3)",
  "class A(b=1, b=2): pass",
  "try:\n    pass\nexcept:\n    pass\nexcept A:\n    pass",
  "x = 1\nfrom __future__ import annotations",
  "from __future__ import nothing",
  "def f():\n    from x import *",
  "nonlocal x",
  "def f(a):\n    global a",
  "def f():\n    x = 1\n    global x",
  "yield 1",
  "await x",
  "async with x: pass",
  "*a = b",
  "*a, *b = c",
  "x = *a",
  "[x := 1 for x in y]",
  "class A:\n    [x := 1 for y in z]",
  "x: (yield) = 1",
  "match x:\n    case a: pass\n    case b: pass",
  "def f[T, T](): pass",
  "__debug__ = 1",
  "def f(__debug__): pass",
  "import __debug__",
  "x.__debug__ = 1",
];

test.each(refused)("%j is left to the checker, which refuses it", async (source) => {
  expect(plain(source)).toBe(false);
  expect((await parsePython(source)).errors).not.toEqual([]);
});

test.each([
  "handlers/onnx_image_classifier.py",
  "handlers/onnx_text_classifier.py",
  "fixtures/efficientnet-lite0/onnx_handler.py",
])("%s needs no checker", (file) => {
  expect(plain(readFileSync(file, "utf8"))).toBe(true);
});

test.each([
  "for x in y:\n    if x: continue\n    break\nelse:\n    pass",
  "def f(a, *b, c=1, **d):\n    for x in y:\n        return g(*b, c=c, **d)",
  "try:\n    pass\nexcept A as e:\n    raise B from e\nexcept:\n    pass\nfinally:\n    pass",
  "x = {a: b for a, b in c if d}; y = lambda a: f'{a!r:>{x}}'; z[1:2, ...] += 1; del z",
  "x = [*a, b]; y = *a, b; z = {*a}",
  "with a as b, c: assert not b, 'x'",
])("%j is plain", (source) => {
  expect(plain(source)).toBe(true);
});
