import type { Recipe } from "../pack/recipe.ts";
import type { Spec } from "./spec-schema.ts";

/** What a spec says to pack; paths as the spec has them. */
export function recipeOf(spec: Spec): Recipe {
  const { model = {} } = spec;
  return {
    modelName: model.name,
    version: model.version,
    serializedFile: model["serialized-file"],
    modelFile: model["model-file"],
    handler: spec.handler,
    extraFiles: spec["extra-files"],
    requirementsFile: spec["requirements-file"],
    configFile: spec["config-file"],
    runtime: spec.runtime,
    exportPath: spec["export-path"],
    archiveFormat: spec["archive-format"],
    keepDirectories: spec["keep-directories"],
    include: spec.include,
    sample: spec.samples?.map(({ file, expect = null }) => ({ file, expect })),
  };
}
