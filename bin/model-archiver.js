#!/usr/bin/env node
// CommonJS, on purpose: it starts faster, and Node's loader of ES modules uses the thread pool, whose size cannot be
// changed from then on. We digest, compress and read there; four threads are too few for a machine with more cores.
"use strict";

const { statSync } = require("node:fs");
const { join } = require("node:path");
const { CodeCache } = require("./code-cache.js");

const cores = require("node:os").availableParallelism();
if (cores > 4) process.env["UV_THREADPOOL_SIZE"] ??= String(Math.min(cores, 64));

const folder = join(__dirname, "..", "dist", "cli");
const command = /^[a-z]{1,20}$/.exec(process.argv[2] ?? "")?.[0] ?? "main";
const start = join(folder, "main.cjs");
const { mtimeMs, size } = statSync(start);
const cache = new CodeCache(folder, command, `${mtimeMs} ${size}`);
const { main } = cache.load(start);

main().then((/** @type {number} */ code) => {
  process.exitCode = code;
  if (code < 2) cache.save();
});
