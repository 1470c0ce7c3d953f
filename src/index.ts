export { ArchiverError } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";
export { archive } from "./pack/pack.ts";
export type { ArchivedEntry, ArchiveOptions, ArchiveResult } from "./pack/pack.ts";
export { archiveFormats } from "./pack/recipe.ts";
export type { ArchiveFormat, Recipe } from "./pack/recipe.ts";
