// tsc writes the types; esbuild bundles the command line and the library over chunks that both share, so that starting
// loads a few files instead of hundreds, and nothing lies in the package twice.
// Both write to a folder of this run, which takes the place of dist/ when all of it is there.
import { execFileSync } from "node:child_process";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { bundleCli } from "./bundle-cli.js";
import { pruneTypes } from "./prune-types.js";

const fresh = `dist-${process.pid}.tmp`;
try {
  const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", fresh];
  execFileSync(process.execPath, [...tsc, "--emitDeclarationOnly"], { stdio: "inherit" });
  pruneTypes(fresh, ["index.d.ts", "manifest/index.d.ts"]);
  await bundleCli(`${fresh}/cli`);
  writeFileSync(`${fresh}/index.js`, 'export * from "./cli/library.js";\n');
  writeFileSync(`${fresh}/manifest/index.js`, 'export * from "../cli/manifest.js";\n');
  rmSync("dist", { recursive: true, force: true });
  renameSync(fresh, "dist");
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
