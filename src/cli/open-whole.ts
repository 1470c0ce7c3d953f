import { resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { openArchive } from "../archive/open.ts";
import type { Io } from "./io.ts";
import type { PlainHttpFlags } from "./registry-flags.ts";

/** Opens an archive whose every byte is wanted: what lies elsewhere is fetched to where nobody else reads. */
export async function openWhole(location: string, flags: PlainHttpFlags, io: Io): Promise<Archive> {
  const { isOci } = await import("../oci/reference.ts");
  if (isOci(location)) {
    const [{ openFetched }, { registrySettings }] = await Promise.all([
      import("../oci/fetched-archive.ts"),
      import("./registry-flags.ts"),
    ]);
    return openFetched(location, registrySettings(flags, io));
  }
  const place = /^https?:\/\//iu.test(location) ? location : resolve(io.cwd, location);
  return openArchive(place, { whole: true, signal: io.signal });
}
