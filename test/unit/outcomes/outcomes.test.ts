import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { judge } from "../../outcomes/judge.ts";
import { buildRecipe, type Outcome, recipes } from "../../outcomes/recipes.ts";

interface Recorded {
  readonly torchserve: string;
  readonly date: string;
  readonly outcomes: readonly { readonly name: string; readonly outcome: Outcome }[];
}

const recorded: Recorded = JSON.parse(readFileSync("fixtures/outcomes.json", "utf8"));
const outcomes = new Map(recorded.outcomes.map((row) => [row.name, row.outcome]));

describe(`what TorchServe ${recorded.torchserve} did on ${recorded.date} is foretold`, () => {
  const folder = mkdtempSync(join(tmpdir(), "foretold-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("every recipe was asked, at least 40, good and broken", () => {
    expect(existsSync("fixtures/outcomes.json")).toBe(true);
    expect([...outcomes.keys()].toSorted()).toEqual(recipes.map((recipe) => recipe.name).toSorted());
    expect(recipes.length).toBeGreaterThanOrEqual(40);
    const served = [...outcomes.values()].filter((outcome) => outcome === "serves").length;
    expect(served).toBeGreaterThanOrEqual(20);
    expect(outcomes.size - served).toBeGreaterThanOrEqual(20);
  });

  test.each(recipes)("$name", async (recipe) => {
    const outcome = outcomes.get(recipe.name);
    const judgement = await judge(recipe, buildRecipe(recipe, folder));
    expect(
      outcome && judgement.right(outcome),
      `${outcome}, but ${judgement.verdict} ${judgement.failed.join(" ")}`,
    ).toBe(true);
  });
});
