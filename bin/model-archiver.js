#!/usr/bin/env node
// CommonJS, on purpose: it starts faster, and Node's loader of ES modules uses the thread pool, whose size cannot be
// changed from then on. We digest, compress and read there; four threads are too few for a machine with more cores.
"use strict";

const cores = require("node:os").availableParallelism();
if (cores > 4) process.env["UV_THREADPOOL_SIZE"] ??= String(Math.min(cores, 64));

const { main } = require("../dist/cli/main.cjs");

main().then((/** @type {number} */ code) => {
  process.exitCode = code;
});
