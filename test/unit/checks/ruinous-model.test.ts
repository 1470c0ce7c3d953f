import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { archive, openArchive } from "../../../src/index.ts";

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "ruinous-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a model that is a compression bomb is not unpacked to see what it is", async () => {
  const model = join(folder, "model.txt");
  writeFileSync(model, Buffer.alloc(1 << 20));
  const recipe = { modelName: "m", version: "1", handler: "image_classifier", serializedFile: model };
  const { path } = await archive({ ...recipe, exportPath: folder });
  const opened = await openArchive(path, { limits: { bombBytes: 1 << 16, ratio: 10 } });
  let unpacked = 0;
  const watched = {
    ...opened,
    open: (entry: Parameters<typeof opened.open>[0]) => ((unpacked += 1), opened.open(entry)),
  };
  expect(opened.anomalies.map(({ rule }) => rule)).toContain("archive/bomb");
  expect(await archiveSubject(watched).model()).toBeNull();
  expect(unpacked).toBe(0);
  await opened.close();
});
