import type { RegistrySettings } from "../oci/registry.ts";
import type { Io } from "./io.ts";

export interface PlainHttpFlags {
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
}

/** How to speak to registries: what `--plain-http` and `--plain-http-anywhere` allow, and where folders start. */
export function registrySettings({ plainHttp, plainHttpAnywhere }: PlainHttpFlags, io: Io): RegistrySettings {
  const { env, cwd, signal } = io;
  return { env, cwd, signal, plainHttp: plainHttpAnywhere ? "anywhere" : plainHttp ? "loopback" : undefined };
}
