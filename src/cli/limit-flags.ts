import type { Limits } from "../archive/limits.ts";
import { ArchiverError } from "../errors.ts";

/** The names of `--limit` and what they raise. */
const names: Readonly<Record<string, keyof Limits>> = {
  entries: "entries",
  directory: "directoryBytes",
  unpacked: "unpackedBytes",
  ratio: "ratio",
  bomb: "bombBytes",
  nesting: "nesting",
};

/** `unpacked=200G` and the like. Throws ArchiverError `usage`. */
export function parseLimits(texts: readonly string[]): Partial<Limits> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name = "", digits = "", unit = ""] = /^(\w+)=(\d+)([KMGT]?)$/i.exec(text) ?? [];
      const limit = names[name];
      if (limit === undefined) {
        const remedy = `Use one of ${Object.keys(names).join(", ")}, such as --limit unpacked=200G.`;
        throw new ArchiverError("usage", `--limit ${text} is no limit that we know`, { remedy });
      }
      return [limit, Number(digits) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit.toUpperCase())];
    }),
  );
}
