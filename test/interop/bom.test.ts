import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runMain } from "../support/run-main.ts";

const python = process.env["MODEL_ARCHIVER_TEST_SIGNING_PYTHON"] ?? "python3";
const lacking =
  spawnSync(python, ["-c", "import cyclonedx.validation.json, packageurl, jsonschema"]).status === 0
    ? null
    : `skipped: needs ${python} with cyclonedx-python-lib[json-validation]`;
const root = resolve(import.meta.dirname, "../..");
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bom-interop-"));
  const path = (name: string) => join(folder, name);
  writeFileSync(
    path("h.py"),
    "# SPDX-License-Identifier: MIT\nimport boto3\n\ndef handle(data, context):\n    return data\n",
  );
  writeFileSync(path("r.txt"), "numpy==1.26.4\nPillow>=10\ntorch==2.1.0+cpu\nzope.interface===6.0\n");
  writeFileSync(path("LICENSE"), readFileSync(join(root, "LICENSE")));
  const files = ["--serialized-file", join(root, "fixtures/tiny/tiny_traced.pt"), "--handler", path("h.py")];
  const more = ["-r", path("r.txt"), "--extra-files", path("LICENSE"), "--bom"];
  await runMain(["archive", "--model-name", "m", "-v", "1.2", ...files, ...more], { cwd: folder });
  writeFileSync(path("verify.json"), (await runMain(["verify", "m.mar", "--json"], { cwd: folder })).stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const validate = `
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
versions = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
out = []
for text in json.load(sys.stdin):
    bom = json.loads(text)
    error = JsonStrictValidator(versions[bom["specVersion"]]).validate_str(text)
    purls = [PackageURL.from_string(one["purl"]) for one in bom["components"] if "purl" in one]
    out.append({"error": None if error is None else repr(error)[:500], "purls": [[one.type, one.name, one.version] for one in purls]})
print(json.dumps(out))
`;

describe.skipIf(lacking !== null)(lacking ?? "Python's CycloneDX library", () => {
  it("finds both versions strictly valid, a bogus field not, and reads the purls as they were meant", async () => {
    const texts: string[] = [];
    for (const version of ["1.6", "1.7"]) {
      const flags = ["--spec-version", version, "--measured", "verify.json"];
      const { exitCode, stdout } = await runMain(["bom", "m.mar", ...flags], { cwd: folder });
      expect(exitCode).toBe(0);
      texts.push(stdout, JSON.stringify({ ...JSON.parse(stdout), bogus: 1 }));
    }
    // One process: importing the library takes it seconds, a document milliseconds.
    const asked = spawnSync(python, ["-c", validate], { input: JSON.stringify(texts), encoding: "utf8" });
    const purls = [
      ["pypi", "numpy", "1.26.4"],
      ["pypi", "pillow", null],
      ["pypi", "torch", "2.1.0+cpu"],
      ["pypi", "zope-interface", "6.0"],
    ];
    const sound = { error: null, purls };
    const bogus = { error: expect.stringContaining("bogus"), purls };
    expect(JSON.parse(asked.stdout), asked.stderr).toEqual([sound, bogus, sound, bogus]);
  }, 60_000);
});
