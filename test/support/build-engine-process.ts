import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

/** Tests run the source, the engine's process is forked as JavaScript: builds it from the same source, as dist/ has it. */
export default async function buildEngineProcess(): Promise<void> {
  await build({
    entryPoints: ["src/runtime/session-process.ts"],
    outfile: "dist/cli/session-process.js",
    bundle: true,
    format: "cjs",
    define: { "import.meta.url": "__moduleUrl" },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    platform: "node",
    target: "node20.19",
    external: ["onnxruntime-node"],
    logLevel: "error",
  });
  // dist/ may be of another build, or not there yet.
  await writeFile("dist/cli/package.json", '{ "type": "commonjs" }\n');
}
