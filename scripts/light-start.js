// What Node itself spends on loading our first modules, spared while bundling. Measured on Node 20: importing
// node:process (its ESM facade reads every getter: stdin, stdout, stderr, …) 8 ms, node:fs 4 ms (ReadStream and so all
// streams), node:child_process 3 ms, node:tty with node:net 2 ms; all of `node -e 0` takes 60.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** Replacements: a module's name, by whom it is imported, and what stands for it. */
const replacements = [
  // The same object as the global, without its facade.
  { name: /^(node:)?process$/, importer: /./, contents: "module.exports = globalThis.process;" },
  // commander wants both for sub-commands that are programs of their own; we have none.
  {
    name: /^node:child_process$/,
    importer: /[\\/]commander[\\/]/,
    contents: 'exports.spawn = (...all) => require("node:child_process").spawn(...all);',
  },
  {
    name: /^node:fs$/,
    importer: /[\\/]commander[\\/]/,
    contents: `for (const name of ["existsSync", "realpathSync"]) exports[name] = (...all) => require("node:fs")[name](...all);`,
  },
  // chalk's guess whether there is a terminal; we always say the level ourselves.
  {
    name: /^#supports-color$/,
    importer: /[\\/]chalk[\\/]/,
    contents: "exports.default = { stdout: false, stderr: false }; exports.__esModule = true;",
  },
  // zod's messages in fifty languages, half of its bytes; English comes by itself.
  { name: /locales\/index\.js$/, importer: /[\\/]zod[\\/]/, contents: "" },
];

/** @type {import("esbuild").Plugin} */
export const lightStart = {
  name: "light-start",
  setup(build) {
    for (const [index, { name, importer }] of replacements.entries()) {
      build.onResolve({ filter: name }, (found) =>
        importer.test(found.importer) ? { path: `${basename(found.path)}-${index}`, namespace: "light" } : undefined,
      );
    }
    // Our version is known by now: no file to look for and read.
    build.onLoad({ filter: /[\\/]src[\\/]version\.ts$/ }, () => {
      const { version } = JSON.parse(readFileSync("package.json", "utf8"));
      return { contents: `export const toolVersion = () => ${JSON.stringify(version)};`, loader: "js" };
    });
    build.onLoad({ filter: /-\d+$/, namespace: "light" }, ({ path }) => ({
      contents: replacements[Number(path.split("-").at(-1))]?.contents ?? "",
      loader: "js",
      resolveDir: import.meta.dirname,
    }));
  },
};
