import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ArchiverError } from "../../../src/errors.ts";
import { parseSpec } from "../../../src/spec/read-spec.ts";

const mistakes = (text: string): readonly string[] => {
  try {
    parseSpec(text, "spec.yaml");
  } catch (error) {
    if (error instanceof ArchiverError && error.code === "bad-spec") return error.message.split("\n");
    throw error;
  }
  return [];
};

const whole = `model:
  name: resnet50_fast
  version: "1.0"
  serialized-file: resnet50.pt
  model-file: model.py
  convert: onnx
  input: [1x3x224x224]
handler: handler.py:entry
extra-files: [index_to_name.json, vocab.txt=data/vocab_v2.txt, tokenizer/]
requirements-file: requirements.txt
config-file: model-config.yaml
runtime: python3
keep-directories: true
include: ["*.pem"]
archive-format: zip-store
export-path: model_store
samples:
  - file: coffee.jpg
    expect: espresso
  - file: cat.jpg
slo: {p99: 200ms, load: 2s, rps: 30, rss: 1GB}
residency: eu
signing: {key: release.pem, public-key: release.pem.pub}
registry: {reference: "oci://registry.example.org/models/resnet50", unpacked: true}
`;

describe("what a spec says", () => {
  test.each([whole, "", "# nothing yet\n", "residency: no\n"])("%j is taken", (text) => {
    expect(parseSpec(text, "spec.yaml")).toEqual(parse(text) ?? {});
  });

  test.each<[string, readonly string[]]>([
    ["model:\n  version: 1.0\n", ['2:3  model.version: 1.0 is a number, expected text; write "1.0" in quotes']],
    ["extra_files: [a]\n", ["1:1  extra_files: unknown key, meant extra-files?"]],
    ["\nhanlder: x\n", ["2:1  hanlder: unknown key, meant handler?"]],
    ["name: m\n", ["1:1  name: unknown key here, meant model.name?"]],
    [
      "model: {frobnicate: 1}\n",
      ["1:9  model.frobnicate: unknown key; known are name, version, serialized-file, model-file, convert, input"],
    ],
    ["runtime: pyhton\n", ["1:1  runtime: pyhton, expected python, python3, LSP"]],
    ["handler:\n", ["1:1  handler: nothing is given, expected text"]],
    ["extra-files: a.json\n", ["1:1  extra-files: a.json is text, expected a list"]],
    [
      "extra-files:\n  - a.json\n  - b,c\n",
      ["3:5  extra-files[1]: b,c, expected no commas: each file is an item of its own"],
    ],
    ["samples:\n  - fil: x\n", ["2:5  samples[0].file: missing", "2:5  samples[0].fil: unknown key, meant file?"]],
    [
      "slo: {p99: 200, rps: -3, load: soon}\n",
      [
        "1:7  slo.p99: 200 is a number, expected a duration such as 200ms or 2s",
        "1:17  slo.rps: -3 is not above 0",
        "1:26  slo.load: soon, expected a duration such as 200ms or 2s",
      ],
    ],
    ["keep-directories: yes\n", ["1:1  keep-directories: yes is text, expected true or false"]],
    [
      "registry: {reference: registry.example.org/m}\n",
      ["1:12  registry.reference: registry.example.org/m, expected oci://host/repository or oci-layout:FOLDER"],
    ],
    ["- a\n", ['1:1  the file: ["a"] is a list, expected keys with values']],
    ["handler: a\nhandler: b\n", ["2:1  Map keys must be unique"]],
    ["handler: a\n---\nhandler: b\n", ["3:1  a second document; one file holds one model"]],
  ])("the mistakes of %j", (text, expected) => {
    expect(mistakes(text)).toEqual(expected.map((line) => `spec.yaml:${line}`));
  });

  test("aliases that multiply are refused, not expanded", () => {
    const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(mistakes(`a0: &a0 [x]\n${levels.join("\n")}\n`).length).toBeGreaterThan(0);
  });
});

test("the published schema takes what we take, and refuses what we refuse", () => {
  const schema: object = JSON.parse(readFileSync("schema/model-archiver.schema.json", "utf8"));
  const valid = new Ajv2020().compile(schema);
  expect(valid(parse(whole)), JSON.stringify(valid.errors)).toBe(true);
  for (const text of [
    "model: {version: 1.0}",
    "extra_files: [a]",
    "runtime: pyhton",
    "slo: {p99: soon}",
    "samples: [{}]",
  ]) {
    expect(valid(parse(text)), text).toBe(false);
  }
});
