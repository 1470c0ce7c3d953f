import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { runMain } from "../../support/run-main.ts";
import { folder, pack, put } from "./workspace.ts";

const lite0 = resolve("fixtures/efficientnet-lite0");
const tiny = resolve("fixtures/tiny");
const run = (...argv: string[]) => runMain(["archive", "--model-name", "m", "-v", "1", ...argv], { cwd: folder });

async function contents(archive: string): Promise<Record<string, Buffer>> {
  const opened = await openArchive(archive);
  try {
    const read = async (path: string) => {
      const entry = opened.entries.find((one) => one.path === path);
      if (entry === undefined) throw new Error(path);
      const source = await opened.open(entry);
      return Buffer.from(await source.read(0, source.size));
    };
    return Object.fromEntries(await Promise.all(opened.entries.map(async ({ path }) => [path, await read(path)])));
  } finally {
    await opened.close();
  }
}

describe("handlers of this package", () => {
  test.each(["onnx_image_classifier", "onnx_text_classifier", "onnx_tensor"])(
    "%s is packed with the module that it imports",
    async (handler) => {
      put("vocab.txt");
      const { path, manifest, warnings } = await pack({ handler, extraFiles: ["vocab.txt"] });
      const files = await contents(path);
      expect(Object.keys(files).toSorted()).toEqual(
        [`${handler}.py`, "MAR-INF/MANIFEST.json", "onnx_model.py", "vocab.txt"].toSorted(),
      );
      for (const name of [`${handler}.py`, "onnx_model.py"]) {
        expect(files[name]).toEqual(readFileSync(join("handlers", name)));
      }
      expect(manifest.model.handler).toBe(handler);
      expect(warnings).toEqual([]);
    },
  );

  test("a text classifier without its vocabulary is warned of", async () => {
    const { warnings } = await pack({ handler: "onnx_text_classifier" });
    expect(warnings).toEqual([expect.stringContaining("--extra-files vocab.txt")]);
  });

  test("a file of that name in the working directory is the user's own", async () => {
    put("onnx_tensor.py", "def handle(data, context): return data\n");
    const { path } = await pack({ handler: "onnx_tensor" });
    const files = await contents(path);
    expect(Object.keys(files).toSorted()).toEqual(["MAR-INF/MANIFEST.json", "onnx_tensor.py"]);
    expect(files["onnx_tensor.py"]?.toString()).toContain("return data");
  });

  test("the date is that of the user's files", async () => {
    const { manifest } = await pack({ handler: "onnx_tensor" }, { now: () => new Date("2031-02-03T04:05:06Z") });
    expect(manifest.createdOn).toBe("03/02/2031 04:05:06");
  });
});

describe("on the command line", () => {
  test("an ONNX model with our handler is ready; what the server needs is said once", async () => {
    const flags = ["--serialized-file", join(lite0, "model.onnx"), "--handler", "onnx_image_classifier"];
    const more = ["--extra-files", join(lite0, "index_to_name.json")];
    const verified = await run(...flags, ...more, "--verify");
    expect(verified.stdout).toMatch(/\nready +1 warning/);
    expect(verified.stdout).toMatch(/warn +handler.*onnxruntime is neither in the archive/s);
    expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
    const { stderr } = await run(...flags, ...more, "--force");
    expect(stderr).toMatch(/note: the handler imports onnxruntime/);
    put("requirements.txt", "onnxruntime==1.20.1\n");
    const listed = await run(...flags, ...more, "--force", "-r", "requirements.txt");
    expect(listed.stderr).not.toContain("onnxruntime");
  });

  test("--convert packs the program as ONNX, and nothing else stays", async () => {
    copyFileSync(join(tiny, "tiny_traced.pt"), join(folder, "net.v2.pt"));
    const packed = await run("--serialized-file", "net.v2.pt", "--convert", "onnx", "--verify", "--json");
    const document = JSON.parse(packed.stdout);
    expect(packed.exitCode).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual(["h.py", "m.mar", "net.v2.pt"]);
    const model = document.entries.find(({ path }: { path: string }) => path === "net.v2.onnx");
    expect(model).toMatchObject({ from: "net.v2.pt, converted" });
    expect(document.manifest.model).toMatchObject({ serializedFile: "net.v2.onnx", handler: "onnx_image_classifier" });
    expect(document.verification.reports[0]).toMatchObject({ verdict: "ready" });
    const first = readFileSync(join(folder, "m.mar"));
    await run("--serialized-file", "net.v2.pt", "--convert=onnx", "--force");
    expect(readFileSync(join(folder, "m.mar")).equals(first)).toBe(true);
  });

  test("interrupted while it converts, --convert leaves nothing", async () => {
    const interrupt = new AbortController();
    const flags = ["--model-name", "m", "-v", "1", "--serialized-file", join(lite0, "model.pt"), "--convert", "onnx"];
    const running = runMain(["archive", ...flags], { cwd: folder, signal: interrupt.signal });
    while (!readdirSync(folder).some((name) => name.endsWith(".tmp"))) await sleep(1);
    interrupt.abort();
    expect((await running).exitCode).toBe(130);
    expect(readdirSync(folder)).toEqual(["h.py"]);
  });

  test("--convert with TorchServe's own handlers: the classifier has a counterpart, others have none", async () => {
    const flags = ["--serialized-file", join(tiny, "tiny_traced.pt"), "--convert", "onnx", "--dry-run"];
    const planned = await run(...flags, "--handler", "image_classifier");
    expect(planned.stderr).toContain("cannot run ONNX: onnx_image_classifier is packed instead");
    expect(planned.stdout).toContain("tiny_traced.onnx");
    expect(readdirSync(folder)).toEqual(["h.py"]);
    const refused = await run(...flags, "--handler", "object_detector");
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("onnx_tensor") });
  });

  test.each([
    [["--serialized-file", join(tiny, "tiny.pth")], "not-convertible"],
    [["--serialized-file", join(tiny, "cnn10_static.onnx")], "not-convertible"],
    [["--serialized-file", join(tiny, "tiny_traced.pt"), "--input", "1x5x8x8"], "not-convertible"],
    [["--serialized-file", join(tiny, "tiny_traced.pt"), "--extra-files", "nope.json"], "missing-input"],
    [[], "usage"],
  ])("--convert onnx %j fails with %s and leaves nothing", async (flags, code) => {
    const { exitCode, stdout } = await run(...flags, "--convert", "onnx", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
    expect(exitCode).toBe(2);
    expect(readdirSync(folder)).toEqual(["h.py"]);
  });
});
