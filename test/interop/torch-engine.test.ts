import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArchive } from "../../src/archive/open.ts";
import { archive } from "../../src/pack/pack.ts";
import { verify, type VerifyOptions } from "../../src/verify/verify.ts";
import { lacksPython, python } from "./python.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const lacking = lacksPython("torch");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torch-engine-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function judge(path: string, options: VerifyOptions = {}) {
  const opened = await openArchive(path);
  try {
    return await verify(opened, { engine: "torch", python, fill: "wave", ...options });
  } finally {
    await opened.close();
  }
}

it("says what to do without PyTorch", async () => {
  const report = await judge(`${fixtures}torchscript/eval_traced.pt`, { python: "no-such-python" });
  expect(report.verdict).toBe("not proven");
  const runs = report.checks.find(({ id }) => id === "model/runs");
  expect(runs).toMatchObject({ status: "skipped", reason: "PyTorch is not installed" });
  expect(runs?.findings[0]?.remedy).toContain("--python");
});

describe.skipIf(lacking !== null)(lacking ?? "a real PyTorch", () => {
  it("runs a traced model, and ONNX Runtime agrees", async () => {
    const report = await judge(`${fixtures}efficientnet-lite0/model.pt`, { compare: true });
    expect(report.verdict).toBe("ready");
    expect(report.inference?.engine).toMatch(/^torch \d/);
    expect(report.inference?.outputs).toMatchObject([{ shape: [1, 1000], dtype: "float32", nonFinite: 0 }]);
    expect(report.inference?.compared?.difference).toBeLessThan(1e-3);
  }, 120_000);

  it("runs an eager checkpoint with its model file, and sees no secret", async () => {
    const model = join(folder, "net.py");
    await writeFile(
      model,
      `import os
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x) + (1e9 if "MODEL_ARCHIVER_SECRET" in os.environ else 0)
`,
    );
    const weights = join(folder, "net.pth");
    const save =
      "import sys, torch; sys.path.insert(0, sys.argv[1]); import net; torch.save(net.Net().state_dict(), sys.argv[2])";
    execFileSync(python, ["-c", save, folder, weights]);
    await archive({
      modelName: "eager",
      version: "1.0",
      serializedFile: weights,
      modelFile: model,
      handler: "image_classifier",
      exportPath: folder,
      force: true,
    });
    process.env["MODEL_ARCHIVER_SECRET"] = "token";
    const report = await judge(join(folder, "eager.mar"), {
      inputs: [{ kind: "tensor", name: null, shape: [3, 4], dtype: null, fill: "wave" }],
    });
    delete process.env["MODEL_ARCHIVER_SECRET"];
    expect(report.inference?.outputs).toMatchObject([{ shape: [3, 2] }]);
    expect(report.inference?.outputs[0]?.absMax).toBeLessThan(1000);
  }, 120_000);

  it("tells a model that keeps state between calls from one that is random", async () => {
    const counting = join(folder, "counting.pt");
    const code = `import sys, torch
class Counting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(3))
    def forward(self, x):
        self.seen += x
        return self.seen
torch.jit.script(Counting()).save(sys.argv[1])`;
    await writeFile(join(folder, "counting.py"), code);
    execFileSync(python, [join(folder, "counting.py"), counting]);
    const report = await judge(counting, {
      inputs: [{ kind: "tensor", name: null, shape: [3], dtype: null, fill: "ones" }],
    });
    expect(report.inference?.outputs[0]?.first).toEqual([1, 1, 1]);
    const [finding] = report.checks.find(({ id }) => id === "model/nondeterministic")?.findings ?? [];
    expect(finding?.message).toContain("keeps state from call to call");
    expect(finding?.remedy).toContain("Reset the state");
  }, 120_000);

  it("ends a model that takes too long", async () => {
    const report = await judge(`${fixtures}torchscript/eval_traced.pt`, { timeoutMs: 50 });
    expect(report.checks.find(({ id }) => id === "model/loads")?.findings[0]?.message).toContain("longer than");
  });
});
