import type { Limits } from "./limits.ts";

/** What every container's reader is told. */
export interface OpenSettings {
  readonly limits: Limits;
  /** Where private folders are made; undefined: the system's temporary folder. */
  readonly tmpDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}
