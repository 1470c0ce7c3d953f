// tsc writes the library (one module a file, with types); esbuild bundles the command line over it, so that starting
// loads a few files instead of hundreds. Heavy packages stay outside and load when a command needs them.
// Both write to a folder of this run, which takes the place of dist/ when all of it is there.
import { execFileSync } from "node:child_process";
import { readdirSync, renameSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { bundleCli } from "./bundle-cli.js";

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
  await bundleCli(`${fresh}/cli`);
  rmSync("dist", { recursive: true, force: true });
  renameSync(fresh, "dist");
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
