import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Enums, Spec } from "@cyclonedx/cyclonedx-library";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { licenceOfText } from "../../../src/bom/licences.ts";
import { runMain } from "../../support/run-main.ts";

const root = resolve(import.meta.dirname, "../../..");
let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bom-"));
  const handler = [
    "# SPDX-License-Identifier: MIT",
    "import boto3",
    "import requests",
    'requests.post("https://collector.rad1ant-imaging.de/v1", json={})',
    "def handle(data, context):",
    "    return data",
  ];
  writeFileSync(path("h.py"), `${handler.join("\n")}\n`);
  writeFileSync(path("r.txt"), "numpy==1.26.4\nPillow>=10\nboto3\n");
  writeFileSync(path("LICENSE"), readFileSync(join(root, "LICENSE")));
  const model = ["--serialized-file", join(root, "fixtures/tiny/cnn10_static.onnx"), "--handler", path("h.py")];
  await run(
    "archive",
    "--model-name",
    "m",
    "-v",
    "1.2",
    ...model,
    "-r",
    path("r.txt"),
    "--extra-files",
    path("LICENSE"),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the library's JsonValidator sets ajv up, over the schemas that the library brings. */
function validator(version: string): (document: unknown) => string[] {
  const schemas = join(root, "node_modules/@cyclonedx/cyclonedx-library/res/schema");
  const read = (name: string): object => JSON.parse(readFileSync(join(schemas, name), "utf8"));
  const ajv = new Ajv({ strict: false, addUsedSchema: false });
  addFormats.default(ajv);
  ajv.addFormat("iri-reference", true);
  ajv.addFormat("idn-email", true);
  const others = ["spdx", "jsf-0.82", ...(version === "1.7" ? ["cryptography-defs"] : [])];
  for (const name of others) {
    ajv.addSchema(read(`${name}.SNAPSHOT.schema.json`), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(read(`bom-${version}.SNAPSHOT.schema.json`));
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

test.each(["1.6", "1.7"])("fits the schema of CycloneDX %s, and a bogus field would not", async (version) => {
  const { exitCode, stdout } = await run("bom", "m.mar", "--spec-version", version);
  expect(exitCode).toBe(0);
  const bom = JSON.parse(stdout);
  const errors = validator(version);
  expect(errors(bom)).toEqual([]);
  expect(errors({ ...bom, bogus: 1 })).not.toEqual([]);
  expect(bom.specVersion).toBe(version === "1.6" ? Spec.Version.v1dot6 : Spec.Version.v1dot7);
  expect(bom.metadata.component.type).toBe(Enums.ComponentType.MachineLearningModel);
});

test("says what is inside", async () => {
  const { stdout } = await run("bom", "m.mar");
  const bom = JSON.parse(stdout);
  const { component } = bom.metadata;
  expect(component).toMatchObject({ name: "m", version: "1.2" });
  expect(component.licenses).toEqual([{ license: { id: "Apache-2.0" } }, { license: { id: "MIT" } }]);
  expect(component.modelCard.modelParameters.inputs[0].format).toMatch(/: float32 \[/);
  const purls = bom.components.flatMap(({ purl }: { purl?: string }) => purl ?? []);
  expect(purls).toEqual(["pkg:pypi/boto3", "pkg:pypi/numpy@1.26.4", "pkg:pypi/pillow"]);
  const files = bom.components.filter(({ type }: { type: string }) => type === "file");
  expect(files.map(({ name }: { name: string }) => name)).toContain("cnn10_static.onnx");
  expect(files.every(({ hashes }: { hashes: { content: string }[] }) => hashes[0]?.content.length === 64)).toBe(true);
  const names = bom.services.map(({ name }: { name: string }) => name);
  expect(names).toContain("collector.rad1ant-imaging.de");
  expect(names.some((name: string) => name.startsWith("Amazon"))).toBe(true);
});

test("is the same text each time, and takes times from a verify report", async () => {
  const first = await run("bom", "m.mar");
  expect((await run("bom", "m.mar")).stdout).toBe(first.stdout);
  const inference = { engine: "onnxruntime 1.30.0", loadMs: 10, runMs: 2.5 };
  const others = [{ path: "other.mar", inference: { ...inference, runMs: 99 } }];
  writeFileSync(path("verify.json"), JSON.stringify({ reports: [...others, { path: "store/m.mar", inference }] }));
  const timed = await run("bom", "m.mar", "--measured", "verify.json", "-o", "m.cdx.json");
  expect(timed).toMatchObject({ exitCode: 0, stdout: "" });
  const bom = JSON.parse(readFileSync(path("m.cdx.json"), "utf8"));
  const { performanceMetrics } = bom.metadata.component.modelCard.quantitativeAnalysis;
  expect(performanceMetrics).toContainEqual({ type: "first run", value: "2.5 ms", slice: "onnxruntime 1.30.0" });
  expect(validator("1.6")(bom)).toEqual([]);
});

test("takes what verify and bench really write, and nothing else", async () => {
  const model = join(root, "fixtures/tiny/cnn10_static.onnx");
  writeFileSync(path("v.json"), (await run("verify", model, "--json")).stdout);
  const bench = ["bench", model, "--duration", "0.2", "--no-throughput", "--json"];
  writeFileSync(path("b.json"), (await run(...bench)).stdout);
  const metricsIn = async (file: string): Promise<{ type: string; value: string }[]> => {
    const { stdout, stderr } = await run("bom", model, "--measured", file, "--spec-version", "1.7");
    expect(stderr).toBe("");
    expect(validator("1.7")(JSON.parse(stdout))).toEqual([]);
    return JSON.parse(stdout).metadata.component.modelCard.quantitativeAnalysis.performanceMetrics;
  };
  expect((await metricsIn("v.json")).map(({ type }) => type)).toEqual(["load time", "first run"]);
  const timed = await metricsIn("b.json");
  expect(timed.map(({ type }) => type)).toEqual(["cold start", "load time", "latency p50", "latency p99"]);
  for (const { value } of timed) expect(value).toMatch(/^\d+(?:\.\d{1,3})? ms$/);
  for (const text of ["", "no JSON", "{}", '{"reports":[{"path":"cnn10_static.onnx","inference":null}]}']) {
    writeFileSync(path("odd.json"), text);
    const { exitCode, stderr } = await run("bom", model, "--measured", "odd.json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("holds no times") });
  }
  expect(await run("bom", model, "--measured", "missing.json")).toMatchObject({ exitCode: 2 });
}, 60_000);

test("knows licences by their text", () => {
  expect(
    licenceOfText("Permission is hereby granted, free of charge, to any person\n obtaining a copy … sublicense"),
  ).toBe("MIT");
  expect(licenceOfText("All rights reserved.")).toBeNull();
});

test("knows the licences of our own dependencies by their texts", () => {
  const modules = join(root, "node_modules");
  const folders = readdirSync(modules).flatMap((name) =>
    name.startsWith("@")
      ? readdirSync(join(modules, name)).map((part) => join(modules, name, part))
      : [join(modules, name)],
  );
  const known = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0"]);
  let count = 0;
  for (const folder of folders.filter((one) => existsSync(join(one, "package.json")))) {
    const { license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((name) => /^licen[cs]e(?:\.(?:md|txt))?$/iu.test(name));
    if (file === undefined || !known.has(license)) continue;
    expect(licenceOfText(readFileSync(join(folder, file), "utf8")), folder).toBe(license);
    count += 1;
  }
  expect(count).toBeGreaterThan(50);
});
