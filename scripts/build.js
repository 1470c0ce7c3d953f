// tsc writes the library (one module a file, with types); esbuild bundles the command line over it, so that starting
// loads a few files instead of hundreds. Heavy packages stay outside and load when a command needs them.
// Both write to a folder of this run, which takes the place of dist/ when all of it is there.
import { execFileSync } from "node:child_process";
import { readdirSync, renameSync, rmSync } from "node:fs";
import { build } from "esbuild";

const fresh = `dist-${process.pid}.tmp`;
try {
  const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", fresh];
  execFileSync(process.execPath, tsc, { stdio: "inherit" });
  const library = readdirSync(fresh, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  await build({
    entryPoints: library.map((file) => `${fresh}/${file}`),
    outdir: fresh,
    outbase: fresh,
    allowOverwrite: true,
    minifyWhitespace: true,
    target: "node20.19",
  });
  await build({
    entryPoints: { main: "src/cli/main.ts", "session-process": "src/runtime/session-process.ts" },
    outdir: `${fresh}/cli`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    legalComments: "none",
    // Names stay: a stack trace in a bug report must say something.
    minifyWhitespace: true,
    minifySyntax: true,
    external: ["onnxruntime-node", "sharp", "archiver", "@astral-sh/ruff-wasm-nodejs"],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    chunkNames: "chunks/[name]-[hash]",
    allowOverwrite: true,
  });
  rmSync("dist", { recursive: true, force: true });
  renameSync(fresh, "dist");
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
