import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { configFiles } from "../../src/serving/config-files.ts";
import { planServing } from "../../src/serving/serving-plan.ts";
import { lacksProgram } from "./python.ts";

const model = { archive: "cat.mar", modelName: "cat", modelVersion: "1.0", size: 5e6, batchSize: 4 };

/** The generated files, written for a model store with this path. */
function written(store: string): string {
  const folder = mkdtempSync(join(tmpdir(), "generated-"));
  for (const { path, text } of configFiles(planServing([model], { cpus: 2, memory: 8 * 2 ** 30 }), store)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const stores = ["/srv/model_store", "/home/me/my models", "/srv/100% $HOME/it's"];

const lacking = lacksProgram("systemd-analyze");
test.skipIf(lacking).each(stores)(`systemd takes the unit for %s ${lacking ?? ""}`, (store) => {
  const folder = written(store);
  try {
    const unit = join(folder, "torchserve.service");
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
    expect({ status, stderr: stderr.split("\n").filter((line) => line.includes("torchserve.service")) }).toEqual({
      status: 0,
      stderr: [],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(stores)("the script hands docker %s as one word", (store) => {
  const folder = written(store);
  try {
    const docker = '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n';
    writeFileSync(join(folder, "docker"), docker, { mode: 0o755 });
    const env = { PATH: `${folder}:${process.env["PATH"]}`, HOME: "/elsewhere" };
    const words = execFileSync("sh", [join(folder, "container/run.sh")], { encoding: "utf8", env }).split("\n");
    expect(words).toContain(`${store}:/home/model-server/model-store:ro`);
    expect(words).toContain("--shm-size=1g");
    expect(words.filter((word) => word.startsWith("127.0.0.1:"))).toHaveLength(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
