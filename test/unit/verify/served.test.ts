import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { sampleMoved } from "../../../src/checks/sample/moved.ts";
import { archive } from "../../../src/pack/pack.ts";
import { runMain } from "../../support/run-main.ts";

const lite0 = "fixtures/efficientnet-lite0";
let folder = "";
const packed = () => join(folder, "served.mar");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "served-"));
  await archive({
    modelName: "served",
    version: "1",
    handler: "image_classifier",
    serializedFile: `${lite0}/model.pt`,
    extraFiles: [`${lite0}/index_to_name.json`],
    sample: [`${lite0}/coffee.jpg`],
    exportPath: folder,
  });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const run = ["verify", "--json", "--engine", "torchserve", "--python", "no-such-python"];
const reportOf = async (path: string) => JSON.parse((await runMain([...run, path])).stdout).reports[0];

describe("verify --engine torchserve", () => {
  test("says what to install where there is no server", async () => {
    const report = await reportOf(packed());
    expect(report.verdict).toBe("not proven");
    const runs = report.checks.find(({ id }: { id: string }) => id === "model/runs");
    expect(runs).toMatchObject({ status: "skipped", reason: "TorchServe is not installed" });
    expect(runs.findings[0].remedy).toContain("pip install torchserve==0.12.0");
  });

  test("starts nothing when a static check failed", async () => {
    const handler = join(folder, "handler.py");
    await writeFile(handler, "def handle(data context):\n");
    await archive({ modelName: "wrong", version: "1", handler, exportPath: folder });
    const report = await reportOf(join(folder, "wrong.mar"));
    expect(report.verdict).toBe("not ready");
    const runs = report.checks.find(({ id }: { id: string }) => id === "model/runs");
    expect(runs).toMatchObject({ status: "skipped", reason: expect.stringMatching(/^after handler\//) });
  });

  test.each([["--compare"], ["--batch", "4"], ["--input", "1x3"]])(
    "%s is about tensors, and refused",
    async (...flag) => {
      const { exitCode, stdout } = await runMain([...run, ...flag, packed()]);
      expect([exitCode, JSON.parse(stdout).error.code]).toEqual([2, "usage"]);
    },
  );

  test("a model file by itself has nothing to be served by", async () => {
    const runs = (await reportOf(`${lite0}/model.pt`)).checks.find(({ id }: { id: string }) => id === "model/runs");
    expect(runs.reason).toBe("no archive");
  });
});

describe("a recorded sample, when a server answers", () => {
  const findings = async (answer: string): Promise<unknown> => {
    const opened = await openArchive(packed());
    try {
      const subject = archiveSubject(opened, undefined, {
        run: async () => ({ stage: "skipped", reason: "not asked", advice: [] }),
        rerun: async () => ({ stage: "skipped", reason: "not asked", advice: [] }),
        // The file itself is what a client sends.
        request: async (_, { type, bytes }) =>
          type === "image/jpeg" && bytes[0] === 0xff
            ? { stage: "done", answer }
            : { stage: "run", failure: { message: "no JPEG", at: null } },
      });
      const found: unknown[] = [];
      const checking = sampleMoved.run(subject);
      for (;;) {
        const step = await checking.next();
        if (step.done) return step.value ?? found;
        found.push(step.value);
      }
    } finally {
      await opened.close();
    }
  };

  test("holds while each class is within 0.02", async () => {
    expect(await findings('{"espresso": 0.94, "cup": 0.02, "consomme": 0.01}')).toEqual([]);
  });

  test("has moved when one is not", async () => {
    expect(await findings('{"espresso": 0.9, "cup": 0.02}')).toEqual([
      {
        message: "coffee.jpg: espresso 95.3 % was recorded; the server gives espresso 90.0 %",
        at: "MAR-INF/samples/1/sample.json",
      },
    ]);
    expect(await findings('{"tiger cat": 0.98}')).toHaveLength(1);
  });

  test("an answer of another kind proves nothing", async () => {
    expect(await findings("fine")).toEqual({ skipped: expect.stringContaining("coffee.jpg") });
  });
});
