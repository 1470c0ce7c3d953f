// Builds the recipes of test/outcomes, asks a real TorchServe and `verify --static` about each, and compares.
// `npm run test:outcomes -- --record` writes what TorchServe did to fixtures/outcomes.json; a word asks only the
// recipes that have it in their name. MODEL_ARCHIVER_TEST_PYTHON is a Python with torchserve.
import { build } from "esbuild";

const bundle = "coverage/outcomes.mjs";
await build({
  entryPoints: ["test/outcomes/run-outcomes.ts"],
  outfile: bundle,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  logLevel: "warning",
});
await import(new URL(`../${bundle}`, import.meta.url).href);
