export { ArchiverError } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";
