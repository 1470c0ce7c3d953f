// Judging models: ours against the engines that they were made for, and against scanners.
import { bin, node, openssl, ours, peer } from "./jobs.js";
import { call, onnxRun, torchRun } from "./peers.js";

/**
 * @param {import("./models.js").Models} models
 * @param {number} count archives for the job that judges many
 * @returns {readonly import("./jobs.js").Job[]}
 */
export function judgingJobs(models, count) {
  const many = Array.from({ length: count }, (_, at) => `store/m${at}.mar`);
  const each = 'node=$1; bin=$2; shift 2; for m; do "$node" "$bin" verify "$m"; done';
  const loop = peer(["sh", "-c", each, "sh", node, bin, ...many]);
  return [
    {
      title: "verify ONNX, one run",
      calls: {
        ours: { ...ours("verify", "onnx.mar"), anyCode: true },
        "Python onnxruntime": peer(onnxRun(models.onnx, [1, 3, 224, 224]), "python:onnxruntime"),
      },
      targets: [
        { peer: "Python onnxruntime", atMost: 0.7 },
        { peer: "Python onnxruntime", of: "rss", atMost: 1 },
        // Nothing is unpacked; the engine leaves the name of a session there.
        { peer: null, of: "temporary", atMost: 4096 },
      ],
    },
    {
      title: "verify TorchScript, one run",
      calls: {
        ours: { ...ours("verify", "torchscript.mar"), anyCode: true },
        PyTorch: peer(torchRun(models.torchscript), "python:torch"),
      },
      targets: [{ peer: "PyTorch", atMost: 0.2 }],
    },
    ...scanningJobs(models),
    {
      title: `verify ${count} archives in one command`,
      calls: { ours: ours("verify", ...many), "one command each": { ...loop, slow: true } },
      targets: [{ peer: "one command each", atMost: 1 / 1.7 }],
    },
  ];
}

/** @returns {readonly import("./jobs.js").Job[]} */
function scanningJobs(/** @type {import("./models.js").Models} */ { torchscript, weights }) {
  const files = {
    TorchScript: torchscript,
    ...(weights === null ? {} : { "state dict": weights }),
  };
  return Object.entries(files).map(([kind, file]) => ({
    title: `scan a ${kind} for pickles`,
    calls: {
      ours: { ...ours("verify", "--static", "--no-digests", file), anyCode: true },
      "openssl sha256": openssl(file),
      picklescan: { ...peer(call("picklescan", "-p", file), "picklescan"), anyCode: true },
      modelscan: { ...peer(call("modelscan", "-p", file), "modelscan"), anyCode: true },
    },
    // Ours runs every static check, not only the scan: told, not judged.
    targets: [
      { peer: "picklescan", atMost: null },
      { peer: "modelscan", atMost: null },
    ],
  }));
}

/** Nearly 2 GiB of ONNX, `width` numbers wide. @returns {readonly import("./jobs.js").Job[]} */
export function largeOnnxJobs(/** @type {number} */ width) {
  return [
    {
      title: "verify 1.9 GB of ONNX, one run",
      calls: {
        ours: { ...ours("verify", "large.mar"), anyCode: true },
        "Python onnxruntime": peer(onnxRun("large.onnx", [1, width]), "python:onnxruntime"),
      },
      targets: [
        { peer: "Python onnxruntime", atMost: 0.5 },
        { peer: "Python onnxruntime", of: "rss", atMost: 1 },
      ],
      rounds: 2,
    },
  ];
}
