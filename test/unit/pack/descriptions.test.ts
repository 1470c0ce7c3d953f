import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { diffArchives } from "../../../src/diff/diff.ts";
import { archive, type ArchiveResult, type Recipe } from "../../../src/index.ts";
import { readRecordedTensors, recordedTensorsPath } from "../../../src/tensors/recorded-tensors.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "descriptions-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pack = (recipe: Recipe): Promise<ArchiveResult> =>
  archive({ version: "1", handler: "image_classifier", exportPath: folder, force: true, ...recipe });

async function textOf(path: string, name: string): Promise<string> {
  const opened = await openArchive(path);
  try {
    const entry = opened.entries.find((one) => one.path === name);
    if (entry === undefined) throw new Error(`${path} has no ${name}`);
    const source = await opened.open(entry);
    return Buffer.from(await source.read(0, source.size)).toString("utf8");
  } finally {
    await opened.close();
  }
}

const differ = async (first: string, second: string) => {
  const [a, b] = [await openArchive(first), await openArchive(second)];
  const difference = await diffArchives(a, b);
  await Promise.all([a.close(), b.close()]);
  return difference;
};

test("--tensor-digests records what diff would compute, of every format and container", async () => {
  for (const file of ["tiny_traced.pt", "tiny.safetensors", "tiny.pth", "tiny.pt2", "cnn10_static.onnx"]) {
    for (const archiveFormat of ["default", "tgz", "no-archive"] as const) {
      const { path } = await pack({
        modelName: "m",
        serializedFile: join(tiny, file),
        archiveFormat,
        tensorDigests: true,
      });
      const recorded = readRecordedTensors(await textOf(path, recordedTensorsPath)).get(file);
      expect(recorded?.tensors.length, file).toBe(6);
      expect(Object.keys(recorded?.entries ?? {})).toEqual([file]);
    }
  }
});

test("the same inputs give the same bytes, and every entry is digested", async () => {
  const recipe: Recipe = { modelName: "same", serializedFile: join(tiny, "tiny.pth"), tensorDigests: true, bom: true };
  const first = await pack(recipe);
  const bytes = readFileSync(first.path);
  const second = await pack(recipe);
  expect(readFileSync(second.path).equals(bytes)).toBe(true);
  const digested = Object.keys(second.manifest.modelArchiver?.integrity?.entries ?? {});
  expect(digested).toEqual(["MAR-INF/bom.cdx.json", "MAR-INF/tensors.json", "tiny.pth"]);
});

test("a record that is of another file is not believed", async () => {
  const model = readFileSync(join(tiny, "tiny.safetensors"));
  const file = join(folder, "w.safetensors");
  writeFileSync(file, model);
  const { path } = await pack({ modelName: "old", serializedFile: file, tensorDigests: true });
  const record = join(folder, "tensors.json");
  writeFileSync(record, await textOf(path, recordedTensorsPath));
  model[model.length - 1] = (model.at(-1) ?? 0) ^ 1;
  writeFileSync(file, model);
  const liar = await pack({
    modelName: "liar",
    serializedFile: file,
    extraFiles: [`MAR-INF/tensors.json=${record}`],
  });
  const { tensors } = await differ(path, liar.path);
  expect(tensors.changed).toHaveLength(1);
  expect(tensors.notCompared).toEqual([]);
});

test("a record of the model is taken as it is", async () => {
  const file = join(tiny, "tiny.safetensors");
  const { path } = await pack({ modelName: "a", serializedFile: file, tensorDigests: true });
  const document = JSON.parse(await textOf(path, recordedTensorsPath));
  document.files[0].tensors[0].sha256 = "0".repeat(64);
  const record = join(folder, "other.json");
  writeFileSync(record, JSON.stringify(document));
  const copy = join(folder, "copy.safetensors");
  // Another byte at the end of the metadata: the entry differs, no tensor does.
  const bytes = readFileSync(file);
  writeFileSync(copy, Buffer.from(bytes.toString("latin1").replace("pt", "np"), "latin1"));
  const other = await pack({ modelName: "b", serializedFile: copy });
  expect((await differ(path, other.path)).tensors).toMatchObject({ changed: [], unchanged: 6 });
  const first = await pack({ modelName: "c", serializedFile: file, extraFiles: [`MAR-INF/tensors.json=${record}`] });
  expect((await differ(first.path, other.path)).tensors.changed).toHaveLength(1);
});

test("--bom describes every file but the manifest, and is made anew when the archive is packed again", async () => {
  const { path } = await pack({ modelName: "listed", serializedFile: join(tiny, "tiny.pth"), bom: true });
  const bom = JSON.parse(await textOf(path, "MAR-INF/bom.cdx.json"));
  expect(bom.metadata.component).toMatchObject({ name: "listed", version: "1" });
  expect(bom.components.map(({ name }: { name: string }) => name)).toEqual(["tiny.pth"]);
  const again = await pack({ from: path, modelName: "relisted", version: "2" });
  const next = JSON.parse(await textOf(again.path, "MAR-INF/bom.cdx.json"));
  expect(next.metadata.component).toMatchObject({ name: "relisted", version: "2" });
});

test("nothing with tensors to digest is an error, and nothing is written", async () => {
  const { exitCode, stderr } = await runMain(
    ["archive", "--model-name", "none", "-v", "1", "--handler", "image_classifier", "--tensor-digests"],
    { cwd: folder },
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("no-tensors") });
});
