import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noPolicy, policyFile, readPolicy } from "../../../src/verify/policy.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "policy-"));
});
afterAll(() => rm(folder, { recursive: true }));

const today = "2026-11-23";
const read = async (text: string) => {
  await writeFile(join(folder, "p.yaml"), text);
  return readPolicy("p.yaml", folder, today);
};

test("no file in the working directory is no policy; a file that is named must be there", async () => {
  expect(await readPolicy(undefined, folder, today)).toEqual(noPolicy);
  await expect(readPolicy("nope.yaml", folder, today)).rejects.toMatchObject({ code: "not-found" });
});

test("the working directory's own file is found", async () => {
  await writeFile(join(folder, policyFile), "strict: true\n");
  expect(await readPolicy(undefined, folder, today)).toEqual({ ...noPolicy, strict: true });
  await rm(join(folder, policyFile));
});

test("exceptions with place, reason and end; globals; strict", async () => {
  const policy = await read(`
ignore:
  - pickle/framework-class
  - check: handler/unresolved-import
    at: handler.py
    reason: the server image has it
    until: 2027-01-31
  - check: onnx/custom-domain
    until: 2026-11-22
allow-globals: [mypkg.Model]
`);
  expect(policy).toEqual({
    exceptions: [
      { rule: "pickle/framework-class", at: null, source: "p.yaml", reason: null },
      { rule: "handler/unresolved-import", at: "handler.py", source: "p.yaml", reason: "the server image has it" },
    ],
    allowGlobals: ["mypkg.Model"],
    strict: false,
  });
});

test("an empty file is no policy", async () => {
  expect(await read("# nothing yet\n")).toEqual(noPolicy);
});

test.each([
  ["ignored: [a/b]", "unknown key ignored"],
  ["ignore: a/b", "ignore is no list"],
  ["ignore: [{at: x}]", "check is missing"],
  ["ignore: [{check: a/b, untill: 2027-01-01}]", "unknown key ignore[0].untill"],
  ["ignore: [{check: a/b, until: soon}]", "until is a day"],
  ["ignore: [3]", "no mapping"],
  ["allow-globals: [3]", "no text"],
  ["strict: yes please", "true or false"],
  ["- a", "no mapping"],
  ["a: [", "p.yaml"],
  ["a: &a [*a]", "p.yaml"],
])("%j is refused: %s", async (text, message) => {
  await expect(read(text)).rejects.toMatchObject({ code: "usage", message: expect.stringContaining(message) });
});
