// Writes the generated files: JSON Schemas and the pages of docs/ that a table in the code can say.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { build } from "esbuild";

const bundle = "coverage/generated.mjs";
await build({
  entryPoints: ["scripts/generated.ts"],
  outfile: bundle,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  logLevel: "warning",
});
const { generated } = await import(new URL(`../${bundle}`, import.meta.url).href);
for (const [path, text] of Object.entries(generated)) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await text());
  console.log(path);
}
