// tsc writes the library (one module a file, with types); esbuild bundles the command line over it, so that
// starting loads a few files instead of hundreds. Heavy packages stay outside and load when a command needs them.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
await build({
  entryPoints: { main: "src/cli/main.ts", "session-process": "src/runtime/session-process.ts" },
  outdir: "dist/cli",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  legalComments: "none",
  external: ["onnxruntime-node", "sharp", "archiver", "@astral-sh/ruff-wasm-nodejs"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  chunkNames: "chunks/[name]-[hash]",
  allowOverwrite: true,
});
