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
text = open(sys.argv[1]).read()
version = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}[sys.argv[2]]
error = JsonStrictValidator(version).validate_str(text)
purls = [PackageURL.from_string(one["purl"]) for one in json.loads(text)["components"] if "purl" in one]
print(json.dumps({"error": None if error is None else repr(error)[:500], "purls": [[one.type, one.name, one.version] for one in purls]}))
`;

describe.skipIf(lacking !== null)(lacking ?? "Python's CycloneDX library", () => {
  it.each(["1.6", "1.7"])(
    "finds version %s strictly valid, and reads the purls as they were meant",
    async (version) => {
      const file = join(folder, `${version}.json`);
      const flags = ["--spec-version", version, "--measured", "verify.json", "-o", file];
      expect(await runMain(["bom", "m.mar", ...flags], { cwd: folder })).toMatchObject({ exitCode: 0 });
      const ask = () => JSON.parse(spawnSync(python, ["-c", validate, file, version], { encoding: "utf8" }).stdout);
      expect(ask()).toEqual({
        error: null,
        purls: [
          ["pypi", "numpy", "1.26.4"],
          ["pypi", "pillow", null],
          ["pypi", "torch", "2.1.0+cpu"],
          ["pypi", "zope-interface", "6.0"],
        ],
      });
      const bom = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(file, JSON.stringify({ ...bom, bogus: 1 }));
      expect(ask().error).toContain("bogus");
    },
  );
});
