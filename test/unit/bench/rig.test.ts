import { mkdtemp, open, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { rigOf } from "../../../src/bench/engines.ts";
import { diskReadsOf, dropFromCache, mappedFiles } from "../../../src/machine/processes.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = "fixtures/tiny";
const lite0 = "fixtures/efficientnet-lite0";
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rig-"));
});
afterAll(() => rm(folder, { recursive: true }));

const options = { inputs: [], project: process.cwd(), timeoutMs: 60_000 };
const tmpfs = 0x01021994;

describe("where a start reads from", async () => {
  const { type } = await statfs(tmpdir());
  test.skipIf(type === tmpfs || process.platform !== "linux")(
    "what is dropped from the page cache is read from the disk again (skipped: needs a disk)",
    async () => {
      const file = join(folder, "block");
      await writeFile(file, Buffer.alloc(8 << 20, 1));
      const handle = await open(file);
      await handle.sync();
      await handle.close();
      const reads = async (): Promise<number> => {
        const before = diskReadsOf([process.pid]);
        await readFile(file);
        return diskReadsOf([process.pid]) - before;
      };
      expect(await reads()).toBe(0);
      await dropFromCache([file]);
      expect(await reads()).toBeGreaterThanOrEqual(4 << 20);
    },
  );

  test("a process has its program and its libraries mapped", () => {
    expect(mappedFiles([process.pid])).toContain(process.execPath);
    expect(mappedFiles([2 ** 30])).toEqual([]);
  });
});

test("two workers run a batch each, and a batch that the model does not take is none", async () => {
  const archive = await openArchive(`${tiny}/cnn1000.onnx`);
  const fixed = await openArchive(`${tiny}/cnn10_static.onnx`);
  const rigs = [await rigOf(archive, options), await rigOf(fixed, options)] as const;
  try {
    const running = await rigs[0].start({ workers: 2, threads: 1, batch: 4 });
    const load = await running?.measure({ milliseconds: 50, maxRuns: 1000 });
    expect(running?.processes()).toHaveLength(2);
    expect(load?.rowsPerSecond).toBeGreaterThan(0);
    expect(load?.times.length).toBeGreaterThanOrEqual(2);
    await running?.close();
    expect(await rigs[1].start({ workers: 1, threads: 1, batch: 2 })).toBeNull();
  } finally {
    for (const rig of rigs) await rig.close();
    await archive.close();
    await fixed.close();
  }
});

describe("bench", () => {
  const run = ["bench", "--duration", "0.2", "--no-throughput", "--json"];

  test("--sample is what the model is fed", async () => {
    const { stdout, stderr } = await runMain([...run, `${lite0}/model.onnx`, "--sample", `${lite0}/cat.jpg`]);
    expect(JSON.parse(stdout || "{}").results?.[0].input, stderr).toBe("cat.jpg");
    const misfit = await runMain([...run, `${tiny}/bert_like.onnx`, "--sample", `${lite0}/cat.jpg`]);
    expect(misfit.exitCode).toBe(2);
    expect(JSON.parse(misfit.stdout).error.code).toBe("bad-sample");
  });

  test("nothing runs when a static check failed", async () => {
    const { exitCode, stdout } = await runMain([...run, `${tiny}/external_evil/model.onnx`]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: "not-measurable", message: expect.stringContaining("(") });
  });

  test.each(["torch", "torchserve"])("--engine %s says what to install", async (engine) => {
    const handler = join(folder, "handler.py");
    await writeFile(handler, "def handle(data, context):\n    return data\n");
    const packed = ["archive", "--model-name", engine, "--version", "1", "--handler", handler, "--export-path", folder];
    await runMain([...packed, "--serialized-file", `${tiny}/tiny_traced.pt`]);
    const flags = ["--engine", engine, "--python", "no-such-python", "--sample", `${lite0}/cat.jpg`];
    const { exitCode, stdout } = await runMain([...run, join(folder, `${engine}.mar`), ...flags]);
    expect(exitCode).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe("engine-missing");
    expect(error.message).toContain("there is no no-such-python");
    expect(error.remedy).toContain("pip install");
  });

  test("a server needs an archive with a handler, and a request", async () => {
    const bare = await runMain([...run, "--engine", "torchserve", `${tiny}/tiny_traced.pt`]);
    expect(JSON.parse(bare.stdout).error.message).toContain("no handler to serve it");
    const input = await runMain([...run, "--engine", "torchserve", "--input", "1x3", `${tiny}/tiny_traced.pt`]);
    expect(JSON.parse(input.stdout).error.message).toContain("--input gives tensors");
  });
});
