// Builds every recipe, asks a real TorchServe and `verify --static` about it, and records the outcomes.
// Ends with 1 when a prediction is wrong. `--record` writes fixtures/outcomes.json.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacksTorchServe, TorchServe, torchServeVersion } from "../interop/torchserve.ts";
import { judge } from "./judge.ts";
import { buildRecipe, modelName, type Outcome, type Recipe, recipes } from "./recipes.ts";

interface Row {
  readonly name: string;
  readonly outcome: Outcome;
  readonly status: number;
  readonly why: string;
}

const photograph = readFileSync("fixtures/efficientnet-lite0/cat.jpg");

async function ask(server: TorchServe, recipe: Recipe, path: string): Promise<Row> {
  const { name } = recipe;
  const registered = await server.register(path);
  if (registered.status !== 200) {
    return { name, outcome: "refused", status: registered.status, why: server.why().at(-1) ?? registered.body.trim() };
  }
  const known = await server.models();
  const answer = await server.predict(modelName(recipe), recipe.request ?? photograph);
  const why = answer.status === 200 ? "" : (server.why().at(-1) ?? answer.body.trim());
  for (const model of known) await server.unregister(model);
  return { name, outcome: answer.status === 200 ? "serves" : "fails", status: answer.status, why };
}

const lacking = lacksTorchServe();
if (lacking) {
  console.log(lacking);
  process.exit(0);
}
const only = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const folder = mkdtempSync(join(tmpdir(), "outcomes-"));
const server = await TorchServe.start();
let wrong = 0;
const rows: Row[] = [];
try {
  for (const recipe of recipes) {
    if (only.length > 0 && !only.some((word) => recipe.name.includes(word))) continue;
    const path = buildRecipe(recipe, folder);
    const judgement = await judge(recipe, path);
    const row = await ask(server, recipe, path);
    rows.push(row);
    const right = judgement.right(row.outcome);
    if (!right) wrong += 1;
    const said = `${judgement.verdict} ${judgement.failed.join(" ")}`;
    console.log(`${right ? "ok   " : "WRONG"} ${row.name}: ${row.outcome} ${row.status} ${row.why} | ${said}`);
  }
} finally {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${rows.length - wrong}/${rows.length} predicted`);
if (process.argv.includes("--record")) {
  const record = { torchserve: torchServeVersion(), date: new Date().toISOString().slice(0, 10), outcomes: rows };
  writeFileSync("fixtures/outcomes.json", `${JSON.stringify(record, null, 2)}\n`);
}
process.exitCode = wrong === 0 ? 0 : 1;
