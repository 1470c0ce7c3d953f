import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../../src/archive/disk.ts";
import type { ArchiveFormat, Recipe } from "../../../src/pack/recipe.ts";
import { signArchive } from "../../../src/sign/sign.ts";
import { verifySignature } from "../../../src/sign/verify-signature.ts";
import { runMain } from "../../support/run-main.ts";
import { failure, folder, pack, put } from "./workspace.ts";

const model = resolve("fixtures/tiny/cnn10_static.onnx");
const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const sign = { key, keyPath: "k.pem" };
const formats: ArchiveFormat[] = ["default", "zip-store", "tgz", "no-archive"];
const run = (...argv: string[]) => runMain(argv, { cwd: folder });

const statement = (path: string): string =>
  Buffer.from(JSON.parse(readFileSync(path, "utf8")).dsseEnvelope.payload, "base64").toString();

function inputs(): Partial<Recipe> {
  put("r.txt", "numpy==1.26.4\n");
  put("LICENSE", readFileSync(resolve("LICENSE"), "utf8"));
  // More than a block, deflated and stored: their headers are written twice.
  put("text.txt", "a line of text that compresses well\n".repeat(60_000));
  writeFileSync(join(folder, "weights.bin"), Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * i) >> 7)));
  return { serializedFile: model, requirementsFile: "r.txt", extraFiles: ["LICENSE,text.txt,weights.bin"] };
}

test.each(formats)("%s: signed while it is written, as sign would", async (archiveFormat) => {
  put(".gitignore", "x\n");
  const small = { extraFiles: [".gitignore"], include: [".gitignore"] };
  for (const recipe of [inputs(), small]) {
    const { path, signature } = await pack({ ...recipe, archiveFormat, force: true }, { sign });
    expect(signature).toBe(`${path}.sig`);
    const at = statement(`${path}.sig`);
    await signArchive(path, sign);
    expect(at).toBe(statement(`${path}.sig`));
  }
});

test.each(["default", "tgz", "no-archive"] as const)(
  "%s: what is signed is what was written",
  async (archiveFormat) => {
    // A file that changes behind the writer's back is not what was signed: nothing is read again.
    const disk: Disk = {
      ...nodeDisk,
      async rename(from, to) {
        await nodeDisk.rename(from, to);
        appendFileSync(archiveFormat === "no-archive" ? join(to, "h.py") : to, "x");
      },
    };
    const { path } = await pack({ archiveFormat }, { sign, disk });
    const signer = { key: createPublicKey(key), keyPath: "k.pub" };
    const { matches, reason } = await verifySignature(path, { signer });
    expect([matches, reason]).toEqual([false, expect.stringContaining("changed")]);
  },
);

test("an old signature is not overwritten without --force, and none is left for an archive that was not written", async () => {
  await pack({}, { sign });
  rmSync(join(folder, "out/m.mar"));
  const { code, message } = await pack({}, { sign }).then(
    () => ({ code: "packed", message: "" }),
    (error) => error,
  );
  expect([code, message]).toEqual(["already-exists", expect.stringContaining("m.mar.sig")]);
  expect(await failure({ handler: "missing.py" }, { sign })).toMatchObject({ code: "missing-input" });
  await pack({ force: true, archiveFormat: "tgz" }, { sign, dryRun: true });
  expect(existsSync(join(folder, "out/m.tar.gz.sig"))).toBe(false);
});

test.each(formats)("%s: the packed bill of materials is what bom says of the archive", async (archiveFormat) => {
  const { path } = await pack({ ...inputs(), archiveFormat, bom: true });
  await run("extract", path, "MAR-INF/bom.cdx.json", "-o", "unpacked");
  const packed = readFileSync(join(folder, "unpacked/MAR-INF/bom.cdx.json"), "utf8");
  expect((await run("bom", path)).stdout).toBe(packed);
  const bom = JSON.parse(packed);
  const names: string[] = bom.components.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(["cnn10_static.onnx", "h.py", "numpy", "weights.bin"]));
  expect(names).not.toContain("MAR-INF/MANIFEST.json");
  expect(bom.metadata.component.licenses).toEqual([{ license: { id: "Apache-2.0" } }]);
  const verified = await run("verify", path, "--static", "--residency", "eu", "--json");
  const [report] = JSON.parse(verified.stdout).reports;
  const about = report.checks.filter(({ findings }: { findings: { at: string | null }[] }) =>
    findings.some(({ at }) => at?.includes("bom.cdx.json")),
  );
  expect(about).toEqual([]);
});

test("packed again, an archive has a bill of materials of what it then holds", async () => {
  const { path } = await pack({ bom: true });
  put("other.py", "def handle(data, context): return None\n");
  const again = { modelName: "m2", version: undefined, handler: "other.py", from: path };
  const { path: next, entries } = await pack(again);
  expect(entries.map((entry) => entry.path)).toContain("MAR-INF/bom.cdx.json");
  await run("extract", next, "MAR-INF/bom.cdx.json", "-o", "unpacked");
  const packed = readFileSync(join(folder, "unpacked/MAR-INF/bom.cdx.json"), "utf8");
  expect(packed).toContain("other.py");
  expect((await run("bom", next)).stdout).toBe(packed);
});

test("an input cannot lie where the bill of materials goes", async () => {
  put("bom.json", "{}");
  const recipe = { bom: true, extraFiles: ["MAR-INF/bom.cdx.json=bom.json"] };
  expect(await failure(recipe)).toMatchObject({ code: "archive-name-collision" });
});

test("the flags of the command line", async () => {
  await run("keygen", "-o", "k.pem");
  const flags = ["archive", "--model-name", "c", "-v", "1", "--handler", "h.py", "--bom"];
  expect(await run(...flags, "--certificate", "c.pem")).toMatchObject({ exitCode: 2 });
  expect(await run(...flags, "--sign", "missing.pem")).toMatchObject({ exitCode: 2 });
  const done = await run(...flags, "--sign", "k.pem", "--json");
  expect(JSON.parse(done.stdout).signature).toBe(join(folder, "c.mar.sig"));
  expect(await run("verify-signature", "c.mar", "--key", "k.pem.pub")).toMatchObject({ exitCode: 0 });
});
