import { openArchive, verify } from "../../src/index.ts";
import type { Outcome, Recipe } from "./recipes.ts";

export interface Judgement {
  readonly verdict: string | null;
  /** Ids of failed checks. */
  readonly failed: readonly string[];
  /** Whether it foretells the outcome. */
  right(outcome: Outcome): boolean;
}

/** What `verify --static` says of an archive. */
export async function judge(recipe: Recipe, path: string): Promise<Judgement> {
  await using archive = await opened(path);
  const { verdict, checks } = await verify(archive.archive, { static: true });
  const failed = checks.filter((check) => check.status === "failed");
  const warned = recipe.depends !== undefined && failed.some((check) => check.id === recipe.depends);
  return {
    verdict,
    failed: failed.map((check) => check.id),
    right: (outcome) => (verdict === "sound") === (outcome === "serves") || (outcome !== "serves" && warned),
  };
}

async function opened(path: string) {
  const archive = await openArchive(path);
  return { archive, [Symbol.asyncDispose]: () => archive.close() };
}
