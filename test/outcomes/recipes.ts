import { readFileSync } from "node:fs";
import { type Files, type Form, writeArchive } from "./build-archive.ts";
import { handlerRecipes } from "./handler-recipes.ts";
import { modelRecipes } from "./model-recipes.ts";
import { packagingRecipes } from "./packaging-recipes.ts";

/** An archive to build, and what to ask of it. Its outcome is recorded from a real TorchServe. */
export interface Recipe {
  readonly name: string;
  /** Path to text, or to the bytes of a fixture. */
  readonly files: Readonly<Record<string, string | { readonly fixture: string }>>;
  /** Added to `{modelName, modelVersion}`; null as a value removes the key. */
  readonly model: Readonly<Record<string, unknown>>;
  /** Added to the top of the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The manifest's text, instead of all that. */
  readonly manifestText?: string;
  readonly form?: Form;
  /** The request: a photograph, unless this text. */
  readonly request?: string;
  /** A warning that is all that can be said without the server's machine. */
  readonly depends?: string;
}

/** What came of it: `serves` (200), `refused` (not registered, or its worker died), `fails` (no prediction). */
export type Outcome = "serves" | "refused" | "fails";

export const recipes: readonly Recipe[] = [...handlerRecipes, ...modelRecipes, ...packagingRecipes];

/** The manifest's name of the model. */
export function modelName(recipe: Recipe): string {
  return typeof recipe.model["modelName"] === "string"
    ? recipe.model["modelName"]
    : recipe.name.replaceAll(/\W+/g, "_");
}

export function buildRecipe(recipe: Recipe, folder: string): string {
  const files = new Map<string, Buffer>();
  for (const [path, content] of Object.entries(recipe.files)) {
    files.set(
      path,
      typeof content === "string" ? Buffer.from(content, "latin1") : readFileSync(`fixtures/${content.fixture}`),
    );
  }
  const model = { modelName: modelName(recipe), modelVersion: "1.0", ...recipe.model };
  const kept = Object.fromEntries(Object.entries(model).filter(([, value]) => value !== null));
  const manifest = {
    createdOn: "22/11/2026 16:50:55",
    runtime: "python",
    model: kept,
    archiverVersion: "0.12.0",
    ...recipe.manifest,
  };
  files.set("MAR-INF/MANIFEST.json", Buffer.from(recipe.manifestText ?? JSON.stringify(manifest, null, 2)));
  return writeArchive(recipe.name.replaceAll(/\W+/g, "_"), files satisfies Files, recipe.form ?? "mar", folder);
}
