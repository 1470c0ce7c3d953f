import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openArchive, verify } from "../../../src/index.ts";
import { buildRecipe, type Recipe } from "../../outcomes/recipes.ts";

const folder = mkdtempSync(join(tmpdir(), "serve-checks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const handler = "def handle(data, context):\n    return data\n";
let count = 0;

/** `severity id at: message` of every finding of `verify --static`. */
async function findings(more: Partial<Recipe>): Promise<string[]> {
  count += 1;
  const files = { "handler.py": handler, ...more.files };
  const recipe: Recipe = { name: `case${count}`, ...more, files, model: { handler: "handler.py", ...more.model } };
  const archive = await openArchive(buildRecipe(recipe, folder));
  try {
    const { checks } = await verify(archive, { static: true });
    return checks.flatMap((check) =>
      check.findings.map((one) => `${check.severity} ${check.id} ${one.at}: ${one.message}`),
    );
  } finally {
    await archive.close();
  }
}

const requirements = (text: string): Partial<Recipe> => ({
  files: { "requirements.txt": text },
  model: { requirementsFile: "requirements.txt" },
});
const config = (text: string, source = handler): Partial<Recipe> => ({
  files: { "model-config.yaml": text, "handler.py": source },
  model: { configFile: "model-config.yaml" },
});
const labels = (text: string): Partial<Recipe> => ({ files: { "index_to_name.json": text } });

test.each<[string, Partial<Recipe>, RegExp]>([
  [
    "an unpinned requirement",
    requirements("numpy==1.26.4\nrequests>=2 # http\n"),
    /^warning requirements\/unpinned requirements\.txt:2: requests>=2/,
  ],
  ["a wildcard is no pin", requirements("numpy==1.*\n"), /^warning requirements\/unpinned/],
  [
    "a URL",
    requirements("torch @ https://host.invalid/t.whl\n"),
    /^error requirements\/foreign-source requirements\.txt:1/,
  ],
  [
    "a version control address",
    requirements("-e git+https://host.invalid/x.git#egg=x\n"),
    /^error requirements\/foreign-source/,
  ],
  [
    "a second index",
    requirements("--extra-index-url=https://host.invalid/simple\n"),
    /^error requirements\/foreign-source/,
  ],
  [
    "a foreign index in the short form",
    requirements("-i https://host.invalid/simple\n"),
    /^error requirements\/foreign-source/,
  ],
  ["a path of the packager", requirements("../wheels/x-1.0-py3-none-any.whl\n"), /^error requirements\/local-path/],
  ["a file URL", requirements("x @ file:///home/me/x.whl\n"), /^error requirements\/local-path/],
  [
    "no requirement at all",
    requirements("numpy\nthis is no requirement\n"),
    /^error requirements\/invalid requirements\.txt:2/,
  ],
  ["a bad version", requirements("numpy=1.0\n"), /^error requirements\/invalid/],
  ["code for a marker", requirements("numpy==1.0; __import__('os')\n"), /^error requirements\/invalid/],
  ["an unknown option", requirements("--install-everything\n"), /^error requirements\/invalid/],
  ["requirements are ignored by default", requirements("numpy==1.26.4\n"), /^note requirements\/not-installed/],
  [
    "a misspelt key, with the right one",
    config("minWorker: 1\n"),
    /^warning config\/unknown-key model-config\.yaml:1:1: minWorker .*did you mean minWorkers/,
  ],
  [
    "a wrong type, with its place",
    config("batchSize: 1\nmaxBatchDelay: soon\n"),
    /^warning config\/wrong-value model-config\.yaml:2:1: maxBatchDelay/,
  ],
  [
    "a key inside torchrun",
    config("torchrun:\n  nproc_per_node: 2\n"),
    /^warning config\/unknown-key model-config\.yaml:2:3: torchrun\.nproc_per_node .*nproc-per-node/,
  ],
  ["workers turned round", config("minWorkers: 4\nmaxWorkers: 2\n"), /^warning config\/wrong-value/],
  ["a key twice", config("batchSize: 1\nbatchSize: 2\n"), /^warning config\/unknown-key model-config\.yaml:2:1/],
  ["no YAML", config("a: [1\nb: 2\n"), /^error config\/invalid model-config\.yaml:\d/],
  ["a list", config("- 1\n"), /^error config\/invalid/],
  ["nothing", config(""), /^error config\/invalid/],
  ["a tag", config("a: !!python/name:os.system ''\n"), /^error config\/invalid model-config\.yaml:1:\d/],
  ["two documents", config("a: 1\n---\nb: 2\n"), /^error config\/invalid model-config\.yaml:\d/],
  [
    "a billion laughs",
    config(
      `a: &a [x]\n${Array.from({ length: 12 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? "a" : `b${i - 1}`},`.repeat(9)}]`).join("\n")}\n`,
    ),
    /^error config\/invalid/,
  ],
  ["labels turned round", labels('{"cat": "0"}'), /^warning labels\/not-indices/],
  ["a label twice", labels('{"1": "a", "1": "b"}'), /^error labels\/invalid index_to_name\.json/],
  ["an empty list of labels", labels('{"0": []}'), /^error labels\/invalid/],
  [
    "a call at import",
    { files: { "handler.py": `import os\nos.system("true")\n${handler}` } },
    /^warning handler\/runs-at-import handler\.py:2:1: os\.system/,
  ],
  [
    "a call at import under another name",
    { files: { "handler.py": `from subprocess import run as go\n${handler}x = go(["true"])\n` } },
    /^warning handler\/runs-at-import handler\.py:4:5: subprocess\.run/,
  ],
  [
    "an import that nobody brings",
    { files: { "handler.py": `import no_such\n${handler}` } },
    /^warning handler\/imports handler\.py:1:1: no_such/,
  ],
  ["the runtime python3", { manifest: { runtime: "python3" } }, /^warning serve\/runtime/],
  [
    "the C++ runtime",
    { manifest: { runtime: "LSP" }, files: { "libh.so": "ELF" }, model: { handler: "libh.so" } },
    /^warning serve\/runtime/,
  ],
  [
    "a model file of no bytes",
    { files: { "model.pt": "" }, model: { serializedFile: "model.pt" } },
    /^warning serve\/empty-model model\.pt/,
  ],
  ["a handler outside", { model: { handler: "../handler.py" } }, /^error manifest\/unsafe-name/],
  ["a name that is a path", { model: { modelName: "../evil" } }, /^error manifest\/unsafe-name/],
  [
    "a version that no URL can hold",
    { model: { modelVersion: "v1 beta" } },
    /^warning serve\/escaped-name .*v1%20beta/,
  ],
  ["a file that is not there", { model: { serializedFile: "gone.pt" } }, /^error manifest\/file-missing/],
])("%s is found", async (_, recipe, expected) => {
  expect(await findings(recipe)).toContainEqual(expect.stringMatching(expected));
});

test.each<[string, Partial<Recipe>]>([
  [
    "pinned requirements and pip's own index",
    requirements(
      "--index-url https://pypi.org/simple\nnumpy==1.26.4 \\\n  --hash=sha256:aa\nPillow [extra] == 10.3.0 ; (python_version > '3.8' and sys_platform != \"win32\") or extra == 'x'\n",
    ),
  ],
  [
    "a wheel of the archive",
    {
      files: { "requirements.txt": "./wheels/x.whl\n", "wheels/x.whl": "PK" },
      model: { requirementsFile: "requirements.txt" },
    },
  ],
  [
    "all keys of the server",
    config(
      "minWorkers: 1\nmaxWorkers: 2\ndeviceType: cpu\ndeviceIds: [0, 1]\nuseVenv: yes\npt2: {compile: {enable: true}}\n",
    ),
  ],
  [
    "a key that the handler reads",
    config("threshold: 0.5\n", 'def handle(data, context):\n    return context.model_yaml_config["threshold"]\n'),
  ],
  ["labels as TorchServe takes them", labels('{"0": "cat", "1": ["n02", "dog"]}')],
  [
    "imports of what a server has",
    {
      files: {
        "handler.py": `import json, torch, numpy as np, yaml\nfrom PIL import Image\nfrom ts.torch_handler.base_handler import BaseHandler\n${handler}`,
      },
    },
  ],
  [
    "an import that requirements bring",
    {
      files: { "handler.py": `import cv2\n${handler}`, "requirements.txt": "opencv-python-headless==4.9.0.80\n" },
      model: { requirementsFile: "requirements.txt" },
    },
  ],
  [
    "calls in functions",
    { files: { "handler.py": `import os\ndef handle(data, context):\n    os.system("true")\n    return data\n` } },
  ],
])("%s pass", async (_, recipe) => {
  expect((await findings(recipe)).filter((one) => !one.startsWith("note"))).toEqual([]);
});
