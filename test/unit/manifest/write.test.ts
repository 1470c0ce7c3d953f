import { createHash } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildIntegrity,
  buildManifest,
  compareUtf8,
  formatCreatedOn,
  integrityRoot,
  manifestSchema,
  parseCreatedOn,
  parseManifest,
  serializeJson,
} from "../../../src/manifest/index.ts";

describe("serializeJson", () => {
  // Recorded from Python 3.11: json.dumps(value, indent=2).
  test.each([
    [{}, "{}"],
    [[], "[]"],
    [
      { a: [], b: {}, c: [1, "x", null, true] },
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    "x",\n    null,\n    true\n  ]\n}',
    ],
    [
      'ü\u007f\u0080\u2028😀/\\"\b\f\n\r\t\u0001',
      '"\\u00fc\\u007f\\u0080\\u2028\\ud83d\\ude00/\\\\\\"\\b\\f\\n\\r\\t\\u0001"',
    ],
    ["\ud83d", '"\\ud83d"'],
  ])("%j", (value, text) => expect(serializeJson(value)).toBe(text));

  test("is JSON, ASCII, and reads back", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }), (value) => {
        const text = serializeJson(value);
        expect(text).toMatch(/^[\n -~]*$/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("createdOn", () => {
  test("there and back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        const date = new Date(seconds * 1000);
        expect(parseCreatedOn(formatCreatedOn(date))).toEqual(date);
      }),
    );
  });
  test.each(["31/02/2026 00:00:00", "1/1/2026 00:00:00", "22/11/2026", "22/13/2026 00:00:00", "22/11/2026 24:00:00"])(
    "%s is no date",
    (text) => expect(parseCreatedOn(text)).toBeNull(),
  );
});

describe("integrity", () => {
  const digest = (text: string) => ({ size: text.length, sha256: createHash("sha256").update(text).digest("hex") });

  test("the root is the SHA-256 of the sorted lines", async () => {
    const entries = { "b.pt": digest("bb"), "a/ü": digest("a"), "\u{10000}": digest("z"), "\uffff": digest("y") };
    const order = ["a/ü", "b.pt", "\uffff", "\u{10000}"] as const;
    const lines = order.map((path) => `${entries[path].sha256} ${entries[path].size} ${path}\n`).join("");
    expect(await integrityRoot(entries)).toBe(createHash("sha256").update(lines).digest("hex"));
    expect(Object.keys((await buildIntegrity(entries)).entries)).toEqual(order);
  });

  test("compareUtf8 orders as the bytes do", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});

describe("buildManifest", () => {
  const input = {
    createdOn: "22/11/2026 16:50:55",
    runtime: "python3",
    modelName: "m14",
    handler: "dir/h.py:fn",
    serializedFile: "x/w.pt",
    modelFile: "m.py",
    modelVersion: "1.0",
    requirementsFile: "r/requirements.txt",
    configFile: "model-config.yaml",
    archiverVersion: "0.1.0",
  } as const;

  test("keys in torch-model-archiver's order, base names, ours last", () => {
    const text = serializeJson(buildManifest(input));
    expect(Object.keys(JSON.parse(text))).toEqual([
      "createdOn",
      "runtime",
      "model",
      "archiverVersion",
      "modelArchiver",
    ]);
    expect(JSON.parse(text).model).toEqual({
      modelName: "m14",
      serializedFile: "w.pt",
      handler: "h.py:fn",
      modelFile: "m.py",
      modelVersion: "1.0",
      requirementsFile: "requirements.txt",
      configFile: "model-config.yaml",
    });
    expect(Object.keys(JSON.parse(text).model)[2]).toBe("handler");
  });

  test("empty values are left out, an empty handler stays", () => {
    const { model } = buildManifest({
      ...input,
      handler: "",
      modelVersion: "",
      serializedFile: "",
      modelFile: undefined,
    });
    expect(Object.keys(model)).toEqual(["modelName", "handler", "requirementsFile", "configFile"]);
  });

  test("a base keeps its unknown keys and values", () => {
    const base = {
      createdOn: "old",
      runtime: "python",
      description: "kept",
      model: { modelName: "old", handler: "old.py", extensions: "e", modelFile: "net.py", weird: 1 },
      archiverVersion: "0.12.0",
      modelArchiver: { schemaVersion: 1, tool: "t", version: "0", note: "kept" },
    };
    const built = buildManifest({ ...input, modelFile: undefined, base });
    expect(built["description"]).toBe("kept");
    expect(built.model).toMatchObject({ modelName: "m14", modelFile: "net.py", extensions: "e", weird: 1 });
    expect(built.modelArchiver).toMatchObject({ tool: "model-archiver", note: "kept" });
    expect(Object.keys(built).at(-1)).toBe("modelArchiver");
  });

  test("what is built parses without an issue and fits the published schema", () => {
    const built = buildManifest(input);
    expect(parseManifest(Buffer.from(serializeJson(built)))).toEqual({ manifest: built, issues: [] });
    const validate = new Ajv2020({ strict: false }).compile(manifestSchema());
    expect(validate(JSON.parse(serializeJson(built)))).toBe(true);
    expect(validate({ runtime: "python2", model: {} })).toBe(false);
  });
});
