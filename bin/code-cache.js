// Runs our bundled files with V8's code cache: what a command compiled once need not be parsed and compiled again, which
// is a quarter of what `verify` costs before it looks at an archive. Node 22 has such a cache (`module.enableCompileCache`),
// Node 20 has the parts. It lies beside the code, so whoever could change the one could change the other; where that
// folder cannot be written, nothing is kept. NODE_DISABLE_COMPILE_CACHE=1 turns it off, as it does Node's own.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const wrapper = ["(function (exports, require, module, __filename, __dirname) {", "\n})"];

const disabled = () => process.env["NODE_DISABLE_COMPILE_CACHE"] === "1";

/** The modules of one folder, and what V8 made of them the last time that `name` ran. */
class CodeCache {
  /** @type {Map<string, { exports: unknown }>} */
  #modules = new Map();
  /** @type {Map<string, vm.Script>} */
  #scripts = new Map();
  /** @type {Map<string, Buffer>} */
  #known;
  #build;
  #file;
  #folder;

  /** `name` tells the caches of a folder apart; `build` those of other code. */
  constructor(/** @type {string} */ folder, /** @type {string} */ name, /** @type {string} */ build) {
    this.#folder = folder;
    this.#build = build;
    this.#file = path.join(folder, "code-cache", `${name}-${process.version}-${process.arch}.bin`);
    this.#known = disabled() ? new Map() : readCache(this.#file, build);
  }

  /** The exports of a CommonJS module below the folder. */
  load(/** @type {string} */ filename) {
    const loaded = this.#modules.get(filename);
    if (loaded !== undefined) return loaded.exports;
    const module = { exports: {} };
    this.#modules.set(filename, module);
    const inner = (/** @type {string} */ id) =>
      id.startsWith(".") ? this.load(path.resolve(path.dirname(filename), id)) : require(id);
    const run = this.#script(filename).runInThisContext();
    run.call(module.exports, module.exports, inner, module, filename, path.dirname(filename));
    return module.exports;
  }

  #script(/** @type {string} */ filename) {
    const name = path.relative(this.#folder, filename);
    const script = new vm.Script(wrapper.join(fs.readFileSync(filename, "utf8")), {
      filename,
      columnOffset: -wrapper[0].length,
      cachedData: this.#known.get(name),
    });
    this.#scripts.set(name, script);
    if (script.cachedDataRejected) this.#known.delete(name);
    return script;
  }

  /** Keeps what was compiled, when a module was that is not there yet. Never fails: the next run is slower, no more. */
  save() {
    if (disabled()) return;
    if ([...this.#scripts.keys()].every((name) => this.#known.has(name))) return;
    for (const [name, script] of this.#scripts) this.#known.set(name, script.createCachedData());
    const temporary = `${this.#file}.${process.pid}.tmp`;
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true });
      fs.writeFileSync(temporary, cacheBytes(this.#known, this.#build), { mode: 0o644 });
      fs.renameSync(temporary, this.#file);
    } catch {
      discard(temporary);
    }
  }
}

function discard(/** @type {string} */ file) {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The folder is not there, or not ours.
  }
}

/** A line of JSON with a checksum, for whom, and name and size of each module's data; then the data. */
function cacheBytes(/** @type {ReadonlyMap<string, Buffer>} */ known, /** @type {string} */ build) {
  const data = Buffer.concat([...known.values()]);
  const sizes = [...known].map(([name, { length }]) => [name, length]);
  return Buffer.concat([Buffer.from(`${JSON.stringify({ build, crc32: checksum(data), sizes })}\n`), data]);
}

/** @returns {Map<string, Buffer>} empty where there is no cache, none of this build, or one that is damaged: V8 would crash */
function readCache(/** @type {string} */ file, /** @type {string} */ build) {
  try {
    const bytes = fs.readFileSync(file);
    let at = bytes.indexOf("\n") + 1;
    const header = JSON.parse(bytes.toString("utf8", 0, at));
    if (header.build !== build || header.crc32 !== checksum(bytes.subarray(at))) return new Map();
    return new Map(header.sizes.map(([name, size]) => [name, bytes.subarray(at, (at += size))]));
  } catch {
    return new Map();
  }
}

function checksum(/** @type {Buffer} */ data) {
  return require("node:zlib").crc32(data);
}

module.exports = { CodeCache };
