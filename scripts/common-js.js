// The ES modules that esbuild splits, as CommonJS: Node's loader of ES modules resolves, reads and links each file
// asynchronously, which costs a command that needs sixty of them more than the work of most commands.
import { transform } from "esbuild";

/** What stands in a module for what CommonJS lacks, when the module asks for it. */
const stands = [
  {
    name: "__moduleUrl",
    line: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;\n',
  },
  // Packages that are ES modules only (archiver) still want the other loader.
  { name: "__importPackage", line: "const __importPackage = (name) => import(name);\n" },
];

/**
 * One module of ESM with relative imports, and imports of packages on demand, as CommonJS.
 * @param {string} text
 */
export async function commonJs(text) {
  const { code } = await transform(text.replaceAll(/\bimport\((?="[^".])/g, "__importPackage("), {
    format: "cjs",
    platform: "node",
    target: "node20.19",
    // import() of our own chunks: they are CommonJS, too.
    supported: { "dynamic-import": false },
    minifyWhitespace: true,
    minifySyntax: true,
    define: { "import.meta.url": "__moduleUrl" },
    logOverride: { "require-resolve-not-external": "silent" },
  });
  const missing = stands.filter(({ name }) => code.includes(name)).map(({ line }) => line);
  return missing.join("") + code;
}
