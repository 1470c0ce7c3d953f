import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { specSchema } from "../../../src/spec/spec-schema.ts";
import { parse } from "yaml";
import { initSpec } from "../../../src/init/init-spec.ts";
import { runMain } from "../../support/run-main.ts";

const home = process.cwd();
const root = mkdtempSync(join(tmpdir(), "init-"));
const zoo = (name: string): Buffer => readFileSync(join(home, "fixtures/efficientnet-lite0", name));
const tiny = (name: string): Buffer => readFileSync(join(home, "fixtures/tiny", name));
beforeAll(() => process.chdir(root));
afterAll(() => {
  process.chdir(home);
  rmSync(root, { recursive: true });
});

let count = 0;
/** A folder of these files; a folder's own name may be given, since it can become the model's. */
function folderOf(files: Readonly<Record<string, string | Buffer>>, name = `folder${(count += 1)}`): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), content);
  }
  return name;
}

const guessed = async (files: Readonly<Record<string, string | Buffer>>, name?: string) => {
  const { text, notes } = await initSpec(folderOf(files, name), { dryRun: true });
  return { spec: specSchema.parse(parse(text)), notes };
};

const handler = `class Handler:
    def initialize(self, context): ...
    def handle(self, data, context): return []
`;

describe("the model", () => {
  test("is told by its content, named after its file or its folder", async () => {
    expect((await guessed({ "resnet50-v2.1.bin": tiny("tiny_traced.pt") })).spec.model).toMatchObject({
      name: "resnet50",
      version: "2.1",
      "serialized-file": "resnet50-v2.1.bin",
    });
    const { spec } = await guessed({ "weights/model.onnx": tiny("cnn1000.onnx"), VERSION: "3.1\n" }, "my model");
    expect(spec.model).toEqual({ name: "my_model", version: "3.1", "serialized-file": "weights/model.onnx" });
    const poetry = {
      "m.pt": tiny("tiny_traced.pt"),
      "pyproject.toml": '[tool.x]\nversion = "9"\n[project]\nname = "m"\nversion = "0.4"\n',
    };
    expect((await guessed(poetry)).spec.model?.version).toBe("0.4");
  });

  test("of several is the one that the handler's imports fit; the others are said", async () => {
    const both = { "model.onnx": zoo("model.onnx"), "model.pt": zoo("model.pt") };
    const onnx = await guessed({ ...both, "onnx_handler.py": zoo("onnx_handler.py") });
    expect(onnx.spec).toMatchObject({ model: { "serialized-file": "model.onnx" }, handler: "onnx_handler.py" });
    expect(onnx.notes).toEqual(["other models here: model.pt (TorchScript)"]);
    const torch = await guessed({ ...both, "handler.py": `import torch\n${handler}` });
    expect(torch.spec).toMatchObject({ model: { "serialized-file": "model.pt" }, handler: "handler.py" });
    expect((await guessed(both)).spec).toMatchObject({
      model: { "serialized-file": "model.pt" },
      handler: "image_classifier",
    });
  });

  test("none is an error, and nothing is written", async () => {
    const folder = folderOf({ "readme.txt": "hello", "model.onnx": "no model at all" });
    await expect(initSpec(folder)).rejects.toMatchObject({ code: "no-model" });
    expect(readdirSync(folder)).toEqual(["model.onnx", "readme.txt"]);
    await expect(initSpec("absent")).rejects.toMatchObject({ code: "not-found" });
    await expect(initSpec(join(folder, "readme.txt"))).rejects.toMatchObject({ code: "usage" });
  });
});

test("a name that would break the file, or steer a terminal, does neither", async () => {
  const name = "a\u001b[31m\nb: {x}, #.pt";
  const folder = folderOf({ [name]: tiny("tiny_traced.pt") });
  const { exitCode, stdout } = await runMain(["init", folder]);
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain("\u001b");
  const text = readFileSync(join(folder, "model-archiver.yaml"), "utf8");
  expect(text).not.toContain("\u001b");
  expect(specSchema.parse(parse(text)).model?.["serialized-file"]).toBe(name);
});

describe("the handler", () => {
  test.each<[string, Readonly<Record<string, string | Buffer>>, object]>([
    ["a picture goes into TorchScript", { "m.pt": tiny("tiny_traced.pt") }, { handler: "image_classifier" }],
    [
      "TorchServe loads TorchScript from a .pt only",
      { "m.pth": tiny("tiny_traced.pt") },
      { handler: "onnx_image_classifier", model: { convert: "onnx" } },
    ],
    ["a picture goes into ONNX", { "m.onnx": tiny("cnn1000.onnx") }, { handler: "onnx_image_classifier" }],
    [
      "token ids, with a vocabulary",
      { "m.onnx": tiny("bert_like.onnx"), "vocab.txt": "[UNK]\n" },
      { handler: "onnx_text_classifier", "extra-files": ["vocab.txt"] },
    ],
    ["token ids, without one", { "m.onnx": tiny("bert_like.onnx") }, { handler: "onnx_tensor" }],
    ["torch.export", { "m.pt2": tiny("tiny.pt2") }, { model: { convert: "onnx" } }],
    [
      "weights with their class, and labels",
      { "m.pth": tiny("tiny.pth"), "net.py": tiny("tiny_model.py"), "index_to_name.json": "{}" },
      { handler: "image_classifier", model: { "model-file": "net.py" } },
    ],
    [
      "a function",
      { "m.pt": tiny("tiny_traced.pt"), "serve.py": "def handle(data, context): ...\n" },
      { handler: "serve.py" },
    ],
    [
      "the one that is called handler.py",
      { "m.pt": tiny("tiny_traced.pt"), "a_handler.py": handler, "handler.py": handler, "test_handler.py": handler },
      { handler: "handler.py" },
    ],
  ])("%s", async (_, files, expected) => {
    expect((await guessed(files)).spec).toMatchObject(expected);
  });

  test.each<[string, Readonly<Record<string, string | Buffer>>, string]>([
    ["weights without a class", { "m.pth": tiny("tiny.pth") }, "no handler fits: weights need their class"],
    [
      "safetensors",
      { "m.safetensors": tiny("tiny.safetensors") },
      "no handler fits: TorchServe's own handlers do not load safetensors",
    ],
    [
      "a handler that TorchServe would not find",
      { "m.pt": tiny("tiny_traced.pt"), "handler.py": "class A: ...\nclass B: ...\n" },
      "handler.py is no handler: it defines 2 classes (A, B) and no function handle",
    ],
    [
      "another handler",
      { "m.pt": tiny("tiny_traced.pt"), "handler.py": handler, "b.py": handler },
      "other handlers here: b.py",
    ],
    [
      "what verify would find",
      {
        "m.pth": tiny("tiny_traced.pt"),
        "handler.py": "from ts.torch_handler.image_classifier import ImageClassifier\nclass H(ImageClassifier): ...\n",
      },
      "serve/serialized-file",
    ],
    [
      "labels that are none",
      { "m.pt": tiny("tiny_traced.pt"), "index_to_name.json": "[1]" },
      "index_to_name.json: index->name",
    ],
  ])("a note about %s", async (_, files, expected) => {
    expect((await guessed(files)).notes.join("\n")).toContain(expected);
  });
});

test("extra files: labels, imported modules, files that the code names, tokenizers, licences; no secrets", async () => {
  const { spec } = await guessed({
    "m.onnx": tiny("bert_like.onnx"),
    "handler.py": `import onnxruntime, transformers\nimport pre\n${handler}`,
    "pre.py": 'LIMITS = "limits.csv"\n',
    "unused.py": "X = 1\n",
    "limits.csv": "1\n",
    "tokenizer.json": "{}",
    "index_to_name.json": '{"0": "no", "1": "yes"}',
    LICENSE: readFileSync(join(home, "LICENSE")),
    ".env": "SECRET=1",
    "requirements.txt": "onnxruntime==1.30.0\n",
    "model-config.yaml": "minWorkers: 1\n",
    "notes.md": "tokenizer.json",
  });
  expect(spec["extra-files"]?.toSorted()).toEqual([
    "LICENSE",
    "index_to_name.json",
    "limits.csv",
    "pre.py",
    "tokenizer.json",
  ]);
  expect(spec["requirements-file"]).toBe("requirements.txt");
  expect(spec["config-file"]).toBe("model-config.yaml");
});

describe("the command", () => {
  const files = { "m.pt": tiny("tiny_traced.pt"), "coffee.jpg": zoo("coffee.jpg") };

  test("writes the file once; --force replaces it; --dry-run prints it", async () => {
    const folder = folderOf(files);
    const first = await runMain(["init", folder]);
    expect(first.exitCode, first.stderr).toBe(0);
    expect(first.stdout).toContain(`Next: model-archiver archive --spec ${folder}/model-archiver.yaml --verify`);
    const text = readFileSync(join(folder, "model-archiver.yaml"), "utf8");
    expect(text).toContain("#   - {file: coffee.jpg, expect: LABEL}");
    writeFileSync(join(folder, "model-archiver.yaml"), "handler: mine.py\n");
    const second = await runMain(["init", folder]);
    expect(second.exitCode).toBe(2);
    expect(second.stderr).toContain("already-exists");
    expect(readFileSync(join(folder, "model-archiver.yaml"), "utf8")).toBe("handler: mine.py\n");
    expect((await runMain(["init", folder, "--dry-run"])).stdout).toBe(text);
    expect((await runMain(["init", folder, "--force"])).exitCode).toBe(0);
    expect(readFileSync(join(folder, "model-archiver.yaml"), "utf8")).toBe(text);
  });

  test("what it wrote is packed, and found ready", async () => {
    const folder = folderOf({ ...files, "m.pt": zoo("model.pt"), "index_to_name.json": zoo("index_to_name.json") });
    await runMain(["init", folder]);
    process.chdir(join(root, folder));
    const packed = await runMain(["archive", "--verify"]).finally(() => process.chdir(root));
    expect(packed.stdout).toContain("\nready");
    expect(packed.exitCode).toBe(0);
  });

  test("its folder starts where the command runs, whatever folder the process is in", async () => {
    const folder = folderOf(files);
    const { exitCode, stdout, stderr } = await runMain(["init"], { cwd: join(root, folder) });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("Next: model-archiver archive --verify");
    expect(readdirSync(folder)).toContain("model-archiver.yaml");
  });

  test("interrupted, it leaves nothing", async () => {
    const folder = folderOf(files);
    const { exitCode } = await runMain(["init", folder], { signal: AbortSignal.abort() });
    expect(exitCode).toBe(130);
    expect(readdirSync(folder)).not.toContain("model-archiver.yaml");
  });

  test("a place where the file cannot go is said", async () => {
    const folder = folderOf({ ...files, "model-archiver.yaml/x.txt": "" });
    const { exitCode, stderr } = await runMain(["init", folder, "--force"]);
    expect(exitCode, stderr).toBe(2);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("the schema that its first line names is ours, relative where it is installed in the project", async () => {
    const folder = folderOf(files);
    const { text } = await initSpec(folder, { dryRun: true });
    const [, path = ""] = /^# yaml-language-server: \$schema=(.+)$/m.exec(text) ?? [];
    const { title } = JSON.parse(readFileSync(resolve(folder, path), "utf8"));
    expect(title).toBe("model-archiver.yaml");
  });
});
