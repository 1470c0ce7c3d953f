// The table: what is done, by us and by whom else, and the ratio that we want. jobs-*.js hold its parts.
import { join } from "node:path";
import { call } from "./peers.js";

export const bin = join(import.meta.dirname, "../bin/model-archiver.js");
export const node = process.execPath;

/**
 * @typedef {{ argv: readonly string[], needs: readonly string[], slow?: boolean, anyCode?: boolean }} Call `slow`: once
 * @typedef {"wall" | "rss" | "size" | "temporary" | "read" | "requests" | "bytes" | "ratio"} Measure
 * @typedef {{ peer: string | null, of?: Measure, atMost: number | null }} Target `peer` null: a bare figure;
 *   `atMost` null: told, not judged
 * @typedef {{ title: string, calls: Record<string, Call>, targets: readonly Target[], writes?: number, rounds?: number,
 *   notes?: readonly string[] }} Job `writes`: bytes that the most wasteful of them writes
 */

/** @returns {Call} */
export const ours = (/** @type {string[]} */ ...args) => ({
  argv: [node, bin, ...args],
  needs: [],
});

/** @returns {Call} */
export const peer = (/** @type {readonly string[]} */ argv, /** @type {string[]} */ ...needs) => ({
  argv,
  needs,
});

export const bareNode = peer([node, "-e", "0"]);

/** Flags that torch-model-archiver and we take alike. `@out` is a fresh folder of each run. */
export const pack = (/** @type {string} */ model, /** @type {string[]} */ ...more) =>
  "--model-name m --version 1 --handler handler.py --export-path @out --serialized-file".split(" ").concat(model, more);

export const tma = (/** @type {string[]} */ ...args) =>
  peer(call("torch-model-archiver", ...args), "torch-model-archiver");

export const openssl = (/** @type {string} */ file) => peer(call("openssl", "sha256", file), "openssl");

/** The command line that makes `name`.mar in the working directory, before anything is measured. */
export const prepare = (/** @type {string} */ name, /** @type {string} */ model, /** @type {string[]} */ ...more) =>
  [node, bin].concat(
    "archive --version 1 --handler handler.py -f --model-name".split(" "),
    name,
    "--serialized-file",
    model,
    more,
  );
