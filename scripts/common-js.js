// The ES modules that esbuild splits, as CommonJS: Node's loader of ES modules resolves, reads and links each file
// asynchronously, which costs a command that needs sixty of them more than the work of most commands.
import { transform } from "esbuild";

/**
 * One module of ESM with relative imports, and imports of packages on demand, as CommonJS.
 * @param {string} text
 * @param {string} importer how the module names the file `importPackage`
 */
export async function commonJs(text, importer) {
  const { code } = await transform(text.replaceAll('import("archiver")', '__importPackage("archiver")'), {
    format: "cjs",
    platform: "node",
    target: "node20.19",
    // import() of our own chunks and of packages: they are CommonJS, too, but for archiver.
    supported: { "dynamic-import": false },
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 300,
    define: { "import.meta.url": "__moduleUrl" },
  });
  const { body, exported } = withoutExports(code);
  return `${code.includes("__moduleUrl") ? moduleUrl : ""}${code.includes("__importPackage") ? packages(importer) : ""}${body}${exported}`;
}

const exporting = /__export\(stdin_exports,\{(.*?)\}\);\s*module\.exports=\s*__toCommonJS\(\s*stdin_exports\);/s;

/**
 * esbuild exports by a getter a name, so that a module can be used before it has run. Our chunks import each other in one
 * direction only (bundle-cli.js sees to that), so plain values do, set at the end: they cost a third to make, and every
 * call from one chunk into another is one call, not two.
 */
function withoutExports(/** @type {string} */ code) {
  const found = exporting.exec(code);
  if (found === null) {
    if (/module\.exports\s*=\s*__toCommonJS/.test(code)) throw new Error("exports that are not written as expected");
    return { body: code, exported: "" };
  }
  const names = (found[1] ?? "").replaceAll(/(\w+):\s*\(\)=>\s*([\w$.]+)/g, "$1:$2");
  if (names.includes("=>")) throw new Error(`an export that is no name: ${names}`);
  // Without this mark, who imports a module by its default gets all of it.
  const mark = /(?:^|,)\s*default:/.test(names) ? "__esModule:true," : "";
  return { body: code.replace(exporting, ""), exported: `module.exports={${mark}${names}};\n` };
}

const moduleUrl = 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;\n';

const packages = (/** @type {string} */ importer) =>
  `const __importPackage = require("node:module").createRequire(__filename)("${importer}");\n`;

/**
 * The file for a package that is ES modules only. Node itself must load it: import() is not to be had in code
 * that comes out of V8's code cache.
 */
export const importPackage = {
  name: "import-package.cjs",
  text: '"use strict";\nmodule.exports = (name) => import(name);\n',
};
