// Starting, packing and reading: inputs of numbers, whatever model they would be.
import { bareNode, openssl, ours, pack, peer, tma } from "./jobs.js";
import { call, missing, zipfileStored } from "./peers.js";

const gigabyte = 2 ** 30;
/** Debian's package `7zip` calls it 7zz, `p7zip-full` 7z. */
const sevenZip = missing(["7z"]) === null ? "7z" : "7zz";

/** @returns {readonly import("./jobs.js").Job[]} */
export function startingJobs(/** @type {number} */ rounds) {
  return [
    ...["--version", "--help"].map((flag) => ({
      title: flag,
      calls: { ours: ours(flag), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 1.3 }],
      rounds,
    })),
    {
      title: "archive a 20 KB model",
      calls: { ours: ours("archive", ...pack("small.bin")), "node -e 0": bareNode },
      targets: [{ peer: "node -e 0", atMost: 2 }],
      rounds,
    },
    {
      title: "inspect the weights' archive",
      calls: { ours: ours("inspect", "weights.mar"), "node -e 0": bareNode },
      targets: [
        { peer: "node -e 0", atMost: 1.3 },
        // Node and our own code are among these bytes.
        { peer: null, of: "read", atMost: 1e6 },
      ],
      rounds,
    },
    ...["inspect", "verify --static --no-digests"].map((command) => ({
      title: `${command} of 10 GB of tensors`,
      calls: {
        ours: { ...ours(...command.split(" "), "large.safetensors"), anyCode: true },
        "100 MB": { ...ours(...command.split(" "), "small.safetensors"), anyCode: true },
      },
      targets: [{ peer: "100 MB", atMost: 1.1 }],
      rounds,
    })),
  ];
}

/**
 * @param {string} weights the file of weights
 * @param {{ weightsMb: number, textMb: number }} scale
 * @returns {readonly import("./jobs.js").Job[]}
 */
export function archiveJobs(weights, { weightsMb, textMb }) {
  const text = ["int8.bin", "--extra-files", "vocab.txt"];
  const tgz = [...pack("int8.bin", "--extra-files", "vocab.txt"), "--archive-format", "tgz"];
  return [
    {
      title: "archive weights, default format",
      calls: {
        ours: ours("archive", ...pack(weights)),
        cp: peer(call("cp", weights, "@out/copy"), "cp"),
        "openssl sha256": openssl(weights),
        "torch-model-archiver zip-store": tma(...pack(weights, "--archive-format", "zip-store")),
        "torch-model-archiver default": { ...tma(...pack(weights)), slow: true },
        "zip -0": { ...peer(call("zip", "-0q", "@out/m.zip", weights), "zip"), slow: true },
        "7z -mx0": {
          ...peer(call(sevenZip, "a", "-mx0", "-tzip", "@out/m.zip", weights), sevenZip),
          slow: true,
        },
        "Python zipfile, stored": {
          ...peer(zipfileStored(weights, "@out/m.zip"), "python:zipfile"),
          slow: true,
        },
      },
      targets: [
        { peer: "torch-model-archiver default", atMost: 1 / 30 },
        { peer: "torch-model-archiver zip-store", atMost: 0.55 },
        { peer: "openssl sha256", atMost: 1.3 },
        { peer: "cp", atMost: 2.2 },
        { peer: "openssl sha256", of: "read", atMost: 1.01 },
        { peer: null, of: "rss", atMost: 120 * 2 ** 20 },
        { peer: null, of: "temporary", atMost: 0 },
      ],
      // torch-model-archiver copies its inputs first.
      writes: 2 * weightsMb * 2 ** 20,
    },
    {
      title: "archive int8 weights and text",
      calls: {
        ours: ours("archive", ...pack(...text)),
        "zip -6": peer(call("zip", "-6q", "@out/m.zip", "int8.bin", "vocab.txt"), "zip"),
        "pigz -6": peer(call("pigz", "-6kc", "int8.bin", "vocab.txt"), "pigz"),
      },
      targets: [
        { peer: "zip -6", atMost: 0.5 },
        { peer: "zip -6", of: "size", atMost: 1.01 },
      ],
      writes: textMb * 2 ** 20,
    },
    {
      title: "archive int8 weights and text as tgz",
      calls: { ours: ours("archive", ...tgz), "torch-model-archiver tgz": tma(...tgz) },
      targets: [
        { peer: "torch-model-archiver tgz", atMost: 0.5 },
        { peer: "torch-model-archiver tgz", of: "size", atMost: 1.02 },
      ],
      writes: textMb * 2 ** 20,
    },
    {
      title: "verify --static the weights' archive",
      calls: {
        ours: { ...ours("verify", "--static", "weights.mar"), anyCode: true },
        "openssl sha256": openssl("weights.mar"),
      },
      targets: [
        { peer: "openssl sha256", atMost: 1.3 },
        { peer: "openssl sha256", of: "read", atMost: 1.01 },
      ],
    },
    {
      title: "sign the weights' archive",
      calls: {
        ours: ours("sign", "weights.mar", "--key", "key.pem", "-o", "@out/weights.sig"),
        "openssl sha256": openssl("weights.mar"),
      },
      targets: [
        { peer: "openssl sha256", atMost: 1.2 },
        { peer: "openssl sha256", of: "read", atMost: 1.01 },
      ],
    },
  ];
}

/** Twelve gigabytes that take no room, packed as they are. @returns {readonly import("./jobs.js").Job[]} */
export function hugeJobs() {
  return [
    {
      title: "archive 12 GB, zip-store",
      calls: {
        ours: {
          ...ours("archive", ...pack("huge.bin", "--archive-format", "zip-store")),
          slow: true,
        },
      },
      targets: [
        { peer: null, of: "rss", atMost: 120 * 2 ** 20 },
        { peer: null, of: "temporary", atMost: 0 },
      ],
    },
  ];
}

/** Free bytes that `hugeJobs` needs. */
export const hugeRoom = 13 * gigabyte;
