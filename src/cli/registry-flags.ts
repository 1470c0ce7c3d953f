import type { RegistrySettings } from "../oci/registry.ts";

export interface PlainHttpFlags {
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
}

/** What `--plain-http` and `--plain-http-anywhere` allow. */
export function plainHttpOf(flags: PlainHttpFlags): RegistrySettings["plainHttp"] {
  if (flags.plainHttpAnywhere) return "anywhere";
  return flags.plainHttp ? "loopback" : undefined;
}
