// The table: what is done, by us and by whom else, and the ratio that we want.
import { join } from "node:path";
import { call, onnxRun, torchRun, zipfileStored } from "./peers.js";

const bin = join(import.meta.dirname, "../bin/model-archiver.js");
const fixtures = join(import.meta.dirname, "../fixtures/efficientnet-lite0");
const node = process.execPath;
const ours = (...args) => ({ argv: [node, bin, ...args], needs: [] });
const peer = (argv, ...needs) => ({ argv, needs });
const bareNode = peer([node, "-e", "0"]);

/** Flags that torch-model-archiver and we take alike. `@out` is a fresh folder of each run. */
const pack = (model, ...more) =>
  "--model-name m --version 1 --handler handler.py --export-path @out --serialized-file".split(" ").concat(model, more);
const tma = (...args) => peer(call("torch-model-archiver", ...args), "torch-model-archiver");
const openssl = (file) => peer(call("openssl", "sha256", file), "openssl");

function writing() {
  return [
    {
      title: "archive weights, default format",
      calls: {
        ours: ours("archive", ...pack("weights.bin")),
        cp: peer(call("cp", "weights.bin", "@out/copy"), "cp"),
        "openssl sha256": openssl("weights.bin"),
        "torch-model-archiver zip-store": tma(...pack("weights.bin", "--archive-format", "zip-store")),
        "torch-model-archiver default": { ...tma(...pack("weights.bin")), slow: true },
        "zip -0": peer(call("zip", "-0q", "@out/m.zip", "weights.bin"), "zip"),
        "7z -mx0": peer(call("7z", "a", "-mx0", "-tzip", "@out/m.zip", "weights.bin"), "7z"),
        "Python zipfile, stored": peer(zipfileStored("weights.bin", "@out/m.zip"), "python:zipfile"),
      },
      targets: [
        { peer: "torch-model-archiver default", atMost: 1 / 30 },
        { peer: "torch-model-archiver zip-store", atMost: 0.55 },
        { peer: "openssl sha256", atMost: 1.3 },
        { peer: "cp", atMost: 2.2 },
        { peer: null, of: "rss", atMost: 120 * 2 ** 20 },
        { peer: null, of: "temporary", atMost: 0 },
      ],
    },
    {
      title: "archive a 20 KB model",
      calls: { ours: ours("archive", ...pack("small.bin")), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 2 }],
    },
    {
      title: "archive int8 weights and text",
      calls: {
        ours: ours("archive", ...pack("int8.bin", "--extra-files", "vocab.txt")),
        "zip -6": peer(call("zip", "-6q", "@out/m.zip", "int8.bin", "vocab.txt"), "zip"),
        "pigz -6": peer(call("pigz", "-6kc", "int8.bin", "vocab.txt"), "pigz"),
      },
      targets: [
        { peer: "zip -6", atMost: 0.5 },
        { peer: "zip -6", of: "size", atMost: 1.01 },
      ],
    },
    {
      title: "archive int8 weights and text as tgz",
      calls: {
        ours: ours("archive", ...pack("int8.bin", "--extra-files", "vocab.txt", "--archive-format", "tgz")),
        "torch-model-archiver tgz": tma(...pack("int8.bin", "--extra-files", "vocab.txt", "--archive-format", "tgz")),
      },
      targets: [
        { peer: "torch-model-archiver tgz", atMost: 0.5 },
        { peer: "torch-model-archiver tgz", of: "size", atMost: 1.02 },
      ],
    },
  ];
}

function starting() {
  return [
    {
      title: "--version",
      calls: { ours: ours("--version"), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 1.3 }],
    },
    {
      title: "--help",
      calls: { ours: ours("--help"), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 1.3 }],
    },
    {
      title: "inspect the weights' archive",
      calls: { ours: ours("inspect", "weights.mar"), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 1.3 }],
    },
    ...["inspect", "verify --static --no-digests"].map((command) => ({
      title: `${command} of 10 GB of tensors`,
      calls: {
        ours: { ...ours(...command.split(" "), "large.safetensors"), anyCode: true },
        "100 MB": { ...ours(...command.split(" "), "small.safetensors"), anyCode: true },
      },
      targets: [{ peer: "100 MB", atMost: 1.1 }],
    })),
  ];
}

function judging(count) {
  const many = Array.from({ length: count }, (_, at) => `store/m${at}.mar`);
  const model = (name) => join(fixtures, name);
  const loop = peer([
    "sh",
    "-c",
    'node=$1; bin=$2; shift 2; for m; do "$node" "$bin" verify "$m"; done',
    "sh",
    node,
    bin,
    ...many,
  ]);
  return [
    {
      title: "verify --static the weights' archive",
      calls: {
        ours: { ...ours("verify", "--static", "weights.mar"), anyCode: true },
        "openssl sha256": openssl("weights.mar"),
      },
      targets: [{ peer: "openssl sha256", atMost: 1.3 }],
    },
    {
      title: "verify an ONNX model, one run",
      calls: {
        ours: ours("verify", "onnx.mar"),
        "Python onnxruntime": peer(onnxRun(model("model.onnx")), "python:onnxruntime"),
      },
      targets: [
        { peer: "Python onnxruntime", atMost: 0.7 },
        { peer: "Python onnxruntime", of: "rss", atMost: 1 },
      ],
    },
    {
      title: "verify a TorchScript model, one run",
      calls: {
        ours: ours("verify", "torchscript.mar"),
        PyTorch: peer(torchRun(model("model.pt")), "python:torch"),
        picklescan: { ...peer(call("picklescan", "-p", model("model.pt")), "picklescan"), anyCode: true },
        modelscan: { ...peer(call("modelscan", "-p", model("model.pt")), "modelscan"), anyCode: true },
      },
      targets: [{ peer: "PyTorch", atMost: 0.2 }],
    },
    {
      title: `verify ${count} archives in one command`,
      calls: { ours: ours("verify", ...many), "one command each": { ...loop, slow: true } },
      targets: [{ peer: "one command each", atMost: 1 / 1.7 }],
    },
  ];
}

/** What the jobs read besides the inputs: archives that we make before anything is measured. */
export function prepared(count) {
  const flags = (name, model) =>
    "archive --version 1 --handler handler.py -f --model-name".split(" ").concat(name, "--serialized-file", model);
  const tiny = join(fixtures, "../tiny/cnn10_static.onnx");
  return [
    [...flags("weights", "weights.bin"), "--archive-format", "zip-store"],
    flags("onnx", join(fixtures, "model.onnx")),
    flags("torchscript", join(fixtures, "model.pt")),
    ...Array.from({ length: count }, (_, at) => [...flags(`m${at}`, tiny), "--export-path", "store"]),
  ].map((args) => [node, bin, ...args]);
}

/** All of it; `count` archives for the job that judges many. */
export function jobs(count) {
  return [...starting(), ...writing(), ...judging(count)];
}
