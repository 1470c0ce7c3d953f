// npm run fuzz -- [--seconds 60] [--target zip] [--seed N] [--plant]
// Bundles test/fuzz with the readers and runs it in a child, which is ended when it hangs. --plant puts each target's
// known bug into the reader on the way; a fuzzer worth its name then fails.
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const silenceMs = 30_000;
const args = process.argv.slice(2);
const plant = args.includes("--plant");
const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
const bundled = async (entry, name, plugins = []) => {
  const outfile = join(folder, name);
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    plugins,
  });
  return outfile;
};

try {
  const plugins = plant ? [planted((await import(await bundled("test/fuzz/targets.ts", "targets.mjs"))).targets)] : [];
  const file = await bundled("test/fuzz/fuzz.ts", "fuzz.mjs", plugins);
  process.exitCode = await run(file, [
    ...args.filter((arg) => arg !== "--plant"),
    ...(plant ? ["--stop-at-first"] : []),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Replaces the line of each target's bug; a line that is not there any more is an error, not a quiet success. */
function planted(targets) {
  return {
    name: "planted",
    setup({ onLoad }) {
      const bugs = new Map(targets.map(({ planted: bug }) => [resolve("src", bug.file), bug]));
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const bug = bugs.get(path);
        if (bug === undefined) return undefined;
        const text = readFileSync(path, "utf8");
        if (!text.includes(bug.find)) throw new Error(`${bug.file}: nothing to plant the bug at`);
        return { contents: text.replace(bug.find, bug.replace), loader: "ts" };
      });
    },
  };
}

function run(file, options) {
  return new Promise((done) => {
    const child = fork(file, options, { stdio: "inherit" });
    let last = {};
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        console.log(`hangs or is far too slow within 64 inputs from here: ${JSON.stringify(last)}`);
        child.kill("SIGKILL");
      }, silenceMs);
    };
    child.on("message", (message) => {
      last = message;
      watch();
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      done(code ?? 1);
    });
    watch();
  });
}
