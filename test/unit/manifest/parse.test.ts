import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  additionsVersion,
  manifestByteLimit,
  parseManifest,
  readStrictJson,
  serializeJson,
} from "../../../src/manifest/index.ts";

const least = {
  createdOn: "22/11/2026 16:50:55",
  runtime: "python",
  model: { modelName: "m", handler: "h.py", modelVersion: "1.0" },
};
const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)));
const issues = (value: unknown) => parse(value).issues.map(({ pointer, rule, severity }) => [pointer, rule, severity]);

describe("parseManifest", () => {
  test("a sound manifest has no issue, and unknown keys are kept", () => {
    const value = { ...least, archiverVersion: "0.12.0", description: "d", model: { ...least.model, more: [1] } };
    expect(parse(value)).toEqual({ manifest: value, issues: [] });
  });

  test("all issues at once, each with its pointer", () => {
    const value = {
      createdOn: "2026-11-22",
      runtime: "python2",
      model: { handler: 7, modelVersion: 2, serializedFile: "../w" },
    };
    expect(issues(value)).toEqual([
      ["/createdOn", "value", "warning"],
      ["/runtime", "value", "error"],
      ["/model/modelName", "missing", "error"],
      ["/model/serializedFile", "path", "error"],
      ["/model/handler", "type", "error"],
      ["/model/modelVersion", "type", "warning"],
    ]);
    expect(parse(value).manifest?.model.modelVersion).toBe("2");
  });

  test.each([
    [null, "type"],
    [[], "type"],
    ["x", "type"],
  ])("%j is no manifest", (value, rule) => {
    expect(parse(value)).toMatchObject({ manifest: null, issues: [{ pointer: "", rule }] });
  });

  test.each([
    [undefined, "missing"],
    [null, "type"],
    [[], "type"],
  ])("model %j", (model, rule) => expect(issues({ ...least, model })).toEqual([["/model", rule, "error"]]));

  test("a runtime that is left out is TorchServe's default", () => {
    const { runtime: _, ...rest } = least;
    expect(parse(rest)).toMatchObject({ manifest: { runtime: "python" }, issues: [] });
  });

  test.each(["/etc/passwd", "C:\\x", "a/../../b", "a\u0000b"])(
    "a file name that leads elsewhere: %j",
    (serializedFile) => {
      expect(issues({ ...least, model: { ...least.model, serializedFile } })).toEqual([
        ["/model/serializedFile", "path", "error"],
      ]);
    },
  );

  test("a newer block of ours warns once and is read as far as it is known", () => {
    const sha256 = "0".repeat(64);
    const integrity = { algorithm: "sha256", root: sha256, entries: { constructor: { size: 1, sha256 } } };
    const value = {
      ...least,
      modelArchiver: { schemaVersion: additionsVersion + 1, tool: "t", version: "9", integrity, x: 1 },
    };
    const { manifest, issues: found } = parse(value);
    expect(found.map((each) => each.rule)).toEqual(["newer"]);
    expect(manifest?.modelArchiver?.["x"]).toBe(1);
    expect(manifest?.modelArchiver?.integrity?.entries["constructor"]).toEqual({ size: 1, sha256 });
    expect(manifest?.modelArchiver?.integrity?.entries["toString"]).toBeUndefined();
  });

  test.each([
    { algorithm: "md5", root: "", entries: {} },
    { algorithm: "sha256", root: "x", entries: {} },
    { algorithm: "sha256", root: "0".repeat(64), entries: [] },
    { algorithm: "sha256", root: "0".repeat(64), entries: { a: { size: -1, sha256: "0".repeat(64) } } },
  ])("digests that mean nothing are an error: %j", (integrity) => {
    const { manifest, issues: found } = parse({ ...least, modelArchiver: { schemaVersion: 1, integrity } });
    expect(found.map((each) => each.severity)).toEqual(["error"]);
    expect(manifest?.modelArchiver?.integrity).toBeUndefined();
  });
});

describe("readStrictJson", () => {
  const rules = (text: string | Uint8Array) =>
    readStrictJson(typeof text === "string" ? Buffer.from(text) : text, 1 << 20).issues.map((each) => each.rule);

  test.each([
    ["byte order mark", "\ufeff{}", ["bom"]],
    ["duplicate key, once escaped", '{"a":1,"\\u0061":2}', ["duplicate-key"]],
    ["the same key in two objects", '[{"a":1},{"a":2}]', []],
    ["__proto__", '{"__proto__":{}}', ["dangerous-key"]],
    ["lone surrogate", '["\\ud83d"]', ["surrogate"]],
    ["a pair", '["\\ud83d\\ude00"]', []],
    ["a long number", `[${"1".repeat(41)}]`, ["number"]],
    ["depth 32", `${"[".repeat(32)}${"]".repeat(32)}`, []],
    ["depth 33", `${"[".repeat(33)}${"]".repeat(33)}`, ["depth"]],
    ["single quotes", "{'a':1}", ["syntax"]],
    ["a comment", "{}//", ["syntax"]],
    ["a comma at the end", "[1,]", ["syntax"]],
    ["cut off", '{"a":', ["syntax"]],
    ["nothing", "", ["syntax"]],
    ["an open string", '["abc', ["syntax"]],
    ["a line break in a string", '["a\nb"]', ["syntax"]],
  ])("%s", (_, text, expected) => expect(rules(text)).toEqual(expected));

  test("bytes that are no UTF-8", () => expect(rules(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual(["encoding"]));
  test("too large", () => expect(readStrictJson(Buffer.alloc(9, " "), 8).issues[0]?.rule).toBe("size"));
  test("says where", () =>
    expect(readStrictJson(Buffer.from('{\n "a" 1}'), 99).issues[0]?.message).toContain("line 2, column 6"));

  test("takes what JSON.parse takes, and nothing else", () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.string({ unit: fc.constantFrom(...Array.from('[]{}",:-+.eE0123 truefalsn\\u\n')), maxLength: 20 }),
    );
    fc.assert(
      fc.property(text, (each) => {
        let value: unknown;
        try {
          value = JSON.parse(each);
        } catch {
          return readStrictJson(Buffer.from(each), 1 << 20).value === undefined;
        }
        expect(readStrictJson(Buffer.from(each), 1 << 20).value).toEqual(value);
        return true;
      }),
      { numRuns: 2000 },
    );
  });

  test("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => Array.isArray(parseManifest(bytes).issues)));
  });

  test("what we write is read back, also with 60,000 entries", () => {
    const entries: Record<string, object> = {};
    for (let i = 0; i < 60_000; i += 1) entries[`folder/${i}`] = { size: i, sha256: "a".repeat(64) };
    const integrity = { algorithm: "sha256", root: "b".repeat(64), entries };
    const bytes = Buffer.from(
      serializeJson({ ...least, modelArchiver: { schemaVersion: 1, tool: "t", version: "1", integrity } }),
    );
    expect(parseManifest(bytes).issues.map((each) => each.rule)).toEqual(["size"]);
    const { manifest, issues: found } = parseManifest(bytes, { byteLimit: manifestByteLimit(60_000) });
    expect(found).toEqual([]);
    expect(Object.keys(manifest?.modelArchiver?.integrity?.entries ?? {})).toHaveLength(60_000);
  });
});
