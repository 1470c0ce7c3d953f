import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../../../src/archive/open.ts";
import { archiveSubject } from "../../../../src/checks/archive-subject.ts";
import type { Check, Finding } from "../../../../src/checks/check.ts";
import { modelRunner } from "../../../../src/checks/model/run-model.ts";
import { type CheckOptions, defaultCheckOptions } from "../../../../src/checks/subject.ts";
import { deviceBakedIn } from "../../../../src/checks/torchscript/device-baked-in.ts";
import { fixedBatch } from "../../../../src/checks/torchscript/fixed-batch.ts";
import { malformed } from "../../../../src/checks/torchscript/malformed.ts";
import { newerThanServer } from "../../../../src/checks/torchscript/newer-than-server.ts";
import { trainingMode } from "../../../../src/checks/torchscript/training-mode.ts";
import { unsupportedOperator } from "../../../../src/checks/torchscript/unsupported-operator.ts";
import { EnginePool } from "../../../../src/runtime/engine-pool.ts";

const folder = fileURLToPath(new URL("../../../../fixtures/torchscript/", import.meta.url));

/** What a check says about a file of fixtures/torchscript. */
async function ask(check: Check, file: string, options: Partial<CheckOptions> = {}): Promise<Finding[] | string> {
  const archive = await openArchive(folder + file);
  const pool = new EnginePool({ project: folder, timeoutMs: 60_000 });
  const runner = modelRunner(pool, { fill: "wave", seed: 0, inputs: [] });
  const subject = archiveSubject(archive, { ...defaultCheckOptions, ...options }, runner);
  const findings: Finding[] = [];
  try {
    const run = check.run(subject);
    for (;;) {
      const step = await run.next();
      if (!step.done) findings.push(step.value);
      else if (step.value) return "skipped" in step.value ? step.value.skipped : "n/a";
      else return findings;
    }
  } finally {
    pool.close();
    await archive.close();
  }
}

const messages = (answer: Finding[] | string) =>
  typeof answer === "string" ? answer : answer.map((one) => one.message);

describe("torchscript/training-mode", () => {
  it.each(["eval_traced.pt", "eval_scripted.pt", "eval_exported.pt2", "decomposed_instance_norm.pt2"])(
    "passes %s",
    async (file) => {
      expect(await ask(trainingMode, file)).toEqual([]);
    },
  );

  it("finds the calls of a trace made without eval()", async () => {
    const found = messages(await ask(trainingMode, "train_traced.pt"));
    expect(found).toContain("dropout is called in training mode");
    expect(found).toContain("batch_norm is called in training mode");
  });

  it("finds the modules of a script made without eval()", async () => {
    expect(messages(await ask(trainingMode, "train_scripted.pt"))).toEqual([
      "norm (torch.nn.modules.batchnorm.BatchNorm2d) is in training mode",
      "drop (torch.nn.modules.dropout.Dropout) is in training mode",
    ]);
  });

  it("finds the nodes of an export made without eval()", async () => {
    const found = messages(await ask(trainingMode, "train_exported.pt2"));
    expect(found).toContain("dropout is called in training mode");
    expect(found).toContain("batch_norm is called in training mode");
  });
});

describe("torchscript/device-baked-in", () => {
  it("names the device and the line", async () => {
    const found = await ask(deviceBakedIn, "cuda_constant.pt");
    expect(messages(found)).toEqual(["the device cuda:0 is a constant of the program, once"]);
    expect(found[0]).toMatchObject({ at: expect.stringMatching(/^cuda_constant\.pt\/code\/__torch__.*\.py:\d+$/) });
  });

  it("passes the CPU's", async () => {
    expect(await ask(deviceBakedIn, "eval_traced.pt")).toEqual([]);
  });
});

describe("torchscript/newer-than-server", () => {
  it("has nothing to check without a target", async () => {
    expect(await ask(newerThanServer, "gqa.pt")).toBe("n/a");
  });

  it("names an argument that 2.4 does not know, and passes where it does", async () => {
    expect(messages(await ask(newerThanServer, "gqa.pt", { target: { torch: "2.4" } }))).toEqual([
      "enable_gqa= of aten::scaled_dot_product_attention needs PyTorch 2.5; the server has 2.4",
    ]);
    expect(await ask(newerThanServer, "gqa.pt", { target: { torch: "2.6.0" } })).toEqual([]);
  });

  it("names an operator that 1.13 does not have", async () => {
    const found = messages(await ask(newerThanServer, "gqa.pt", { target: { torch: "1.13.1" } }));
    expect(found).toContain("aten::scaled_dot_product_attention needs PyTorch 2.0; the server has 1.13.1");
  });

  it("refuses a PT2 archive for a server before 2.8", async () => {
    expect(messages(await ask(newerThanServer, "eval_exported.pt2", { target: { torch: "2.4" } }))).toEqual([
      expect.stringContaining("needs PyTorch 2.8; the server has 2.4"),
    ]);
    expect(await ask(newerThanServer, "eval_traced.pt", { target: { torch: "2.4" } })).toEqual([]);
  });
});

describe("torchscript/unsupported-operator", () => {
  it("names what is missing and how often", async () => {
    expect(messages(await ask(unsupportedOperator, "geqrf.pt"))).toEqual([
      "aten::geqrf has no lowering; the program calls it 2 times",
    ]);
  });
});

describe("torchscript/fixed-batch", () => {
  const batch = { batch: 4 };

  it("passes a model whose rows do not depend on each other", async () => {
    expect(await ask(fixedBatch, "eval_traced.pt", batch)).toEqual([]);
  });

  it("finds a view that was traced with the number of rows", async () => {
    expect(messages(await ask(fixedBatch, "fixed_view.pt", batch))).toEqual([
      expect.stringContaining("a batch of 4 does not run"),
    ]);
  });

  it("finds rows that depend on their neighbours", async () => {
    expect(messages(await ask(fixedBatch, "mixes_rows.pt", batch))).toEqual([
      expect.stringMatching(/^in a batch of 4, row \d of output .* differs from its single run by/),
    ]);
  });

  it("finds an export with a static batch", async () => {
    expect(messages(await ask(fixedBatch, "eval_exported.pt2", batch))).toEqual([
      expect.stringContaining("exported for exactly 1"),
    ]);
  });

  it("has nothing to check for one row", async () => {
    expect(await ask(fixedBatch, "fixed_view.pt")).toBe("n/a");
  });
});

describe("torchscript/malformed", () => {
  it("passes what PyTorch wrote", async () => {
    expect(await ask(malformed, "eval_traced.pt")).toEqual([]);
    expect(await ask(malformed, "eval_exported.pt2")).toEqual([]);
  });
});
