// Who we are compared with, and what each needs to be there.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** The Python of the peers; the one whose folder also holds torch-model-archiver and the scanners. */
export const python = process.env["MODEL_ARCHIVER_TEST_PYTHON"] ?? "python3";

function find(program) {
  const folders = [dirname(python), ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

const known = new Map();

/** Null when all of `needs` is there, else which is missing: programs, and `python:module`. */
export function missing(needs) {
  for (const need of needs) {
    if (!known.has(need)) known.set(need, present(need));
    if (!known.get(need)) return `${need.replace(":", " module ")} is not installed`;
  }
  return null;
}

function present(need) {
  if (!need.startsWith("python:")) return find(need) !== null;
  return spawnSync(python, ["-c", `import ${need.slice("python:".length)}`]).status === 0;
}

/** The argv of a program that `missing` has found. */
export const call = (program, ...args) => [find(program) ?? program, ...args];

export const zipfileStored = (from, to) => [
  python,
  "-c",
  "import sys,zipfile; zipfile.ZipFile(sys.argv[2], 'w').write(sys.argv[1], 'weights.bin')",
  from,
  to,
];

export const onnxRun = (model, shape) => [
  python,
  "-c",
  `import sys, json, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
session.run(None, {given.name: numpy.zeros(json.loads(sys.argv[2]), numpy.float32)})`,
  model,
  JSON.stringify(shape),
];

export const torchRun = (model) => [
  python,
  "-c",
  `import sys, torch
model = torch.jit.load(sys.argv[1]).eval()
with torch.inference_mode(): model(torch.zeros(1, 3, 224, 224))`,
  model,
];
