// `npm ci` in a clone builds; `npm ci --omit=dev` has no compiler and must go on when dist/ is there.
import { existsSync } from "node:fs";

if (existsSync("node_modules/typescript") && existsSync("node_modules/esbuild")) {
  await import("./build.js");
} else if (!existsSync("dist/cli/main.js")) {
  console.error("model-archiver: dist/ is missing and the compiler is not installed; run npm ci without --omit=dev");
  process.exitCode = 1;
}
