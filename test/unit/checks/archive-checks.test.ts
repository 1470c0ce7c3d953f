import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { harmlessRules } from "../../../src/archive/refusal.ts";
import { archiveChecks } from "../../../src/checks/archive/index.ts";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { runChecks } from "../../../src/checks/run-checks.ts";
import { serveContainerChecks } from "../../../src/checks/serve-container/index.ts";
import { defaultCheckOptions } from "../../../src/checks/subject.ts";
import { hostileTar } from "../archive/hostile-tar.ts";
import { hostileZip } from "../archive/hostile-zip.ts";

const checks = [...archiveChecks, ...serveContainerChecks];
const folder = mkdtempSync(join(tmpdir(), "archive-checks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function outcomes(name: string, bytes: Uint8Array, digests = true): Promise<Record<string, string>> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const archive = await openArchive(path);
  try {
    const subject = archiveSubject(archive, { ...defaultCheckOptions, digests });
    const all = await runChecks(subject, checks, { static: true, stops: () => false });
    return Object.fromEntries(all.map(({ check, status }) => [check.id, status]));
  } finally {
    await archive.close();
  }
}

const failed = (all: Record<string, string>): string[] => Object.keys(all).filter((id) => all[id] === "failed");
const a = { name: "m/a.py", data: "print(1)\n" };

test("every rule that a reader reports has its check", () => {
  const source = join(import.meta.dirname, "../../../src/archive");
  const texts = readdirSync(source).map((file) => readFileSync(join(source, file), "utf8"));
  const rules = new Set(
    texts.flatMap((text) => [...text.matchAll(/"((?:archive|serve)\/[a-z0-9-]+)"/gu)].map(([, id]) => id)),
  );
  const ids = new Set(checks.map(({ id }) => id));
  expect([...rules].filter((rule) => rule !== undefined && !ids.has(rule))).toEqual([]);
});

test("what extract takes as harmless is what the checks only warn about", () => {
  const warnings = archiveChecks.filter(({ id, severity }) => severity !== "error" && id !== "archive/many-entries");
  expect(warnings.map(({ id }) => id).toSorted()).toEqual([...harmlessRules].toSorted());
});

test.each<[string, Uint8Array, string[]]>([
  ["sound.mar", hostileZip([a]), []],
  ["sound.tar.gz", gzipSync(hostileTar([a])), []],
  ["zip.tar.gz", hostileZip([a]), ["serve/container-suffix"]],
  ["zip.zip", hostileZip([a]), ["serve/container-suffix"]],
  ["tar.mar", gzipSync(hostileTar([a])), ["serve/container-suffix"]],
  ["plain.tar", hostileTar([a]), ["serve/plain-tar"]],
  ["flat.tar.gz", gzipSync(hostileTar([{ ...a, name: "a.py" }])), ["serve/flat-tar"]],
  ["wrong.mar", hostileZip([{ ...a, both: { crc32: 1 } }]), ["archive/crc-mismatch"]],
  ["text.mar", Buffer.from("hello"), ["archive/not-an-archive"]],
  ["empty.mar", Buffer.alloc(0), ["archive/not-an-archive"]],
])("%s", async (name, bytes, expected) => {
  expect(failed(await outcomes(name, bytes))).toEqual(expected);
});

test("without digests, what needs them is skipped, not passed", async () => {
  const all = await outcomes("skipped.mar", hostileZip([{ ...a, both: { crc32: 1 } }]), false);
  expect(failed(all)).toEqual([]);
  expect(Object.keys(all).filter((id) => all[id] === "skipped")).toEqual([
    "archive/bomb",
    "archive/nesting",
    "archive/size-mismatch",
    "archive/corrupt-data",
    "archive/crc-mismatch",
  ]);
});

test("a bare model is asked nothing that concerns containers and servers", async () => {
  const all = await outcomes("model.onnx", Buffer.from([8, 8, 18, 0]));
  expect(failed(all)).toEqual([]);
  for (const id of ["archive/two-views", "archive/gzip", "serve/container-suffix", "serve/flat-tar"]) {
    expect(all[id]).toBe("n/a");
  }
});

/** A manifest whose digests are those of another time. */
async function digested(data: string, extra: readonly { name: string; data: string }[] = []): Promise<string[]> {
  const { buildIntegrity } = await import("../../../src/manifest/integrity.ts");
  const { createHash } = await import("node:crypto");
  const sha256 = createHash("sha256").update("print(1)\n").digest("hex");
  const integrity = await buildIntegrity({ "a.py": { size: 9, sha256 } });
  const manifest = {
    runtime: "python",
    model: { modelName: "m", handler: "a.py", modelVersion: "1" },
    modelArchiver: { schemaVersion: 1, tool: "model-archiver", version: "0", integrity },
  };
  const members = [{ name: "a.py", data }, ...extra, { name: "MAR-INF/MANIFEST.json", data: JSON.stringify(manifest) }];
  return failed(await outcomes("digested.mar", hostileZip(members)));
}

test("digests of the manifest: right, changed, added", async () => {
  expect(await digested("print(1)\n")).toEqual([]);
  expect(await digested("print(2)\n")).toEqual(["archive/digest-mismatch"]);
  expect(await digested("print(1)\n", [{ name: "b.py", data: "" }])).toEqual(["archive/digest-mismatch"]);
});
