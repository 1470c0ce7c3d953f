import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archive } from "../../../src/pack/pack.ts";
import { configFiles } from "../../../src/serving/config-files.ts";
import { planServing } from "../../../src/serving/serving-plan.ts";
import { runMain } from "../../support/run-main.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-commands-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function packed(modelName: string, config = ""): Promise<string> {
  writeFileSync(join(folder, "h.py"), "def handle(data, context):\n    return data\n");
  writeFileSync(join(folder, "model-config.yaml"), config);
  const more = config === "" ? {} : { configFile: "model-config.yaml" };
  const { path } = await archive({ modelName, version: "2.1", handler: "h.py", ...more }, { cwd: folder });
  return path;
}

/** The document that the command printed, held against its published schema. */
function documentOf(name: string, text: string) {
  const fits = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(`schema/${name}.schema.json`, "utf8")));
  const document = JSON.parse(text);
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  return document;
}

describe("doctor", () => {
  const machine = (name: string) => resolve("fixtures/machines", name);

  test("a problem ends with 1; the page has its remedy below it", async () => {
    const { exitCode, stdout, stderr } = await runMain(["doctor", "--root", machine("small-shm-container")]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    expect(stdout).toMatch(/\n {2}FAIL {2}\/dev\/shm +64 MiB\n {8}.*bus\s+error.*--shm-size=1g/s);
    expect(stdout).toMatch(/\n1 problem, \d+ warnings?\n$/);
  });

  test.each(readdirSync("fixtures/machines"))("--json of %s is one document of the published schema", async (name) => {
    const { exitCode, stdout } = await runMain(["doctor", "--json", "--root", machine(name)]);
    const { advice } = documentOf("doctor", stdout);
    const problems = advice.filter(({ level }: { level: string }) => level === "problem");
    expect(exitCode).toBe(problems.length > 0 ? 1 : 0);
  });

  test("this machine, its programs and a folder of archives", async () => {
    await packed("cat");
    const env = { PATH: process.env["PATH"] };
    const { stdout } = await runMain(["doctor", "--json", "--model-store", folder, "--python", "/no/python"], { env });
    const { advice } = documentOf("doctor", stdout);
    const rows = Object.fromEntries(advice.map((row: { id: string }) => [row.id, row]));
    expect(rows["python"]).toMatchObject({ level: "warning", value: "/no/python not found" });
    expect(rows["model-store"]?.value).toMatch(/MB read/);
    expect(rows["java"]).toBeDefined();
  });
});

describe("config init", () => {
  test("writes every file, of which config check says nothing bad", async () => {
    const archives = [await packed("cat", "batchSize: 8\n"), await packed("dog")];
    const output = join(folder, "serving");
    const flags = ["-o", output, "--cpus", "4", "--memory", "8G", "--json"];
    const { exitCode, stdout } = await runMain(["config", "init", ...archives, ...flags]);
    expect(exitCode).toBe(0);
    const document = documentOf("config-init", stdout);
    expect(document.plan).toMatchObject({ threads: 4, slice: { cpus: 4, memory: 8 * 2 ** 30 } });
    expect(document.plan.models).toMatchObject([
      { modelName: "cat", modelVersion: "2.1", batchSize: 8 },
      { modelName: "dog", batchSize: 1 },
    ]);
    const files: string[] = document.files.map((file: string) => join(output, file));
    expect(statSync(files.find((file) => file.endsWith("run.sh")) ?? "").mode & 0o111).toBe(0o111);
    const checkable = files.filter((file) => !file.endsWith("run.sh"));
    const checked = await runMain(["config", "check", ...checkable, "--json"]);
    expect(checked.exitCode).toBe(0);
    const findings = documentOf("config-check", checked.stdout).files.flatMap(
      ({ findings: each }: { findings: { severity: string }[] }) => each,
    );
    expect(findings.filter(({ severity }: { severity: string }) => severity === "error")).toEqual([]);
  });

  test("the page names models and files; a second run overwrites nothing unasked", async () => {
    const cat = await packed("cat");
    const run = (...flags: string[]) => runMain(["config", "init", cat, "-o", join(folder, "serving"), ...flags]);
    const first = await run();
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    expect(first.stdout).toMatch(/ {2}cat {2}1 worker, batch 1.*config\.properties.*Start it: torchserve/s);
    writeFileSync(join(folder, "serving/config.properties"), "mine=1\n");
    expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("exist already") });
    expect(readFileSync(join(folder, "serving/config.properties"), "utf8")).toBe("mine=1\n");
    expect((await run("--force")).exitCode).toBe(0);
  });

  test.each([
    [["--cpus", "many"], "--cpus 4"],
    [["--memory", "8 apples"], "--memory 8G"],
  ])("%j is refused, and nothing is written", async (flags, remedy) => {
    const cat = await packed("cat");
    const run = await runMain(["config", "init", cat, "-o", join(folder, "serving"), ...flags]);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(remedy) });
    expect(readdirSync(folder)).not.toContain("serving");
  });

  test("a folder without a manifest is no model to serve", async () => {
    const run = await runMain(["config", "init", folder, "-o", join(folder, "serving"), "--json"]);
    expect(run.exitCode).toBe(2);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: "no-manifest" } });
  });
});

describe("config check", () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test("errors end with 1, warnings with 0; each has its place, rule and remedy", async () => {
    const wrong = file("config.properties", "allowed_urls=(?!)\n\n  jbo_queue_size=5\njob_queue_size=ten\n");
    const odd = file("model-config.yaml", "minWorkers: 1\nbatch_size: 4\n");
    const both = await runMain(["config", "check", wrong, odd]);
    expect(both.exitCode).toBe(1);
    expect(both.stdout).toMatch(/config\.properties:3:3: \w+: .*jbo_queue_size.*unknown-key\n {2}.*job_queue_size/);
    expect(both.stdout).toMatch(/config\.properties:4:1: error: .*wrong-type\n/);
    expect(both.stdout).toMatch(/model-config\.yaml:2:1: warning: batch_size .*batchSize.*\n {2}Write batchSize\./);
    expect((await runMain(["config", "check", odd])).exitCode).toBe(0);
    const fine = await runMain(["config", "check", file("fine.properties", "allowed_urls=(?!)\n")]);
    expect(fine).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing to mend") });
    documentOf("config-check", (await runMain(["config", "check", wrong, odd, "--json"])).stdout);
  });

  test("a file that is missing or no configuration ends with 2", async () => {
    const missing = await runMain(["config", "check", join(folder, "nope.yaml")]);
    expect(missing).toMatchObject({ exitCode: 2, stdout: "" });
    const script = await runMain(["config", "check", file("run.sh", "#!/bin/sh\n")]);
    expect(script).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no configuration that we know") });
  });

  test("names and values from files cannot steer the terminal", async () => {
    const { stdout } = await runMain(["config", "check", file("config.properties", "\u001b[31mred=1\n")]);
    expect(stdout).not.toContain("\u001b[31m");
  });
});

test("the model store's path is quoted as each file's language wants it", () => {
  const model = { archive: "a.mar", modelName: "a", modelVersion: "1", size: 1, batchSize: null };
  const files = configFiles(planServing([model], { cpus: 1, memory: 2 ** 32 }), "/home/me/100% $x");
  const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? "";
  const unit = textOf("torchserve.service");
  expect(unit).toContain('--model-store "/home/me/100%% $$x" --ts-config');
  expect(unit).toContain('ReadOnlyPaths="/home/me/100%% $x"\n');
  expect(unit).toContain("ProtectHome=read-only\n");
  expect(textOf("container/compose.yaml")).toContain("/home/me/100% $$x:/home/model-server/model-store:ro");
  expect(textOf("container/run.sh")).toContain("--volume '/home/me/100% $x':/home/model-server");
  expect(textOf("config.properties")).toContain("\nmodel_store=/home/me/100% $x\n");
});
