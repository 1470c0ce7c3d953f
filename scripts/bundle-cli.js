// Bundles the command line and the library, over the same chunks, all of it CommonJS: what a command does lies in files
// that share chunks, what every command line needs (the definitions of the commands, commander) is one file.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { build } from "esbuild";
import { commonJs, importPackage } from "./common-js.js";
import { lightStart } from "./light-start.js";

/** @type {import("esbuild").BuildOptions} */
const options = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  // Names stay, so that the stack of a bug report can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  // An error that nobody catches is shown with its line: one of a hundred kilobytes fills the screen.
  lineLimit: 300,
  legalComments: "none",
  // Its ES modules: a CommonJS package that is imported on demand has no names in a bundle, only a default.
  alias: { yaml: resolve("node_modules/yaml/browser/index.js") },
  external: ["onnxruntime-node", "sharp", "archiver", "@astral-sh/ruff-wasm-nodejs"],
  metafile: true,
};

/** Writes the bundle below `outdir`, and gives esbuild's account of what lies in which file. */
export async function bundleCli(/** @type {string} */ outdir) {
  const modules = await build({
    ...options,
    entryPoints: {
      main: "src/cli/main.ts",
      "session-process": "src/runtime/session-process.ts",
      library: "src/index.ts",
      manifest: "src/manifest/index.ts",
    },
    outdir,
    splitting: true,
    format: "esm",
    plugins: [lightStart],
    chunkNames: "chunks/[name]-[hash]",
    write: false,
  });
  refuseCycles(modules.metafile.outputs);
  for (const { path, text } of modules.outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    const up = relative(dirname(path), resolve(outdir)) || ".";
    writeFileSync(path, await commonJs(text, `${up}/${importPackage.name}`));
  }
  writeFileSync(`${outdir}/${importPackage.name}`, importPackage.text);
  writeFileSync(`${outdir}/package.json`, '{ "type": "commonjs" }\n');
  const chunks = new Map(
    Object.entries(modules.metafile.outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint === undefined ? [] : [[resolve(entryPoint), `./${relative(outdir, path).replaceAll("\\", "/")}`]],
    ),
  );
  const start = await build({
    ...options,
    entryPoints: ["src/cli/main.ts"],
    outfile: `${outdir}/main.cjs`,
    format: "cjs",
    supported: { "dynamic-import": false },
    plugins: [actionsIn(chunks), lightStart],
  });
  return { modules: modules.metafile, start: start.metafile };
}

/** A file that another one needs while it runs itself would be used before it has anything to give. */
function refuseCycles(/** @type {import("esbuild").Metafile["outputs"]} */ outputs) {
  const done = new Set();
  const visit = (/** @type {string} */ path, /** @type {readonly string[]} */ above) => {
    if (above.includes(path)) throw new Error(`chunks import each other: ${[...above, path].join(" → ")}`);
    if (done.has(path)) return;
    for (const each of outputs[path]?.imports ?? []) {
      if (each.kind === "import-statement" && each.external !== true) visit(each.path, [...above, path]);
    }
    done.add(path);
  };
  for (const path of Object.keys(outputs)) visit(path, []);
}

/**
 * What a command imports when it runs stays where it is.
 * @param {ReadonlyMap<string, string>} chunks source file → its chunk
 * @returns {import("esbuild").Plugin}
 */
function actionsIn(chunks) {
  return {
    name: "actions",
    setup(start) {
      start.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import" || path === "./program.ts") return undefined;
        const chunk = chunks.get(resolve(resolveDir, path));
        if (chunk === undefined) throw new Error(`${path} is imported on demand and has no file of its own`);
        return { path: chunk, external: true };
      });
    },
  };
}
