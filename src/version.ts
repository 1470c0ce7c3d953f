import { readFileSync } from "node:fs";

let known: string | undefined;

/** The version of this package. `package.json` lies one, two or three folders up, in the source tree and in dist/. */
export function toolVersion(): string {
  known ??= readVersion();
  return known;
}

function readVersion(): string {
  for (const up of ["../", "../../", "../../../"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(`${up}package.json`, import.meta.url), "utf8"));
      if (name === "model-archiver") return String(version);
    } catch {
      // not this folder
    }
  }
  return "0.0.0";
}
