// The types of what the library exports are part of the package; those of the command line and of what lies behind the
// exported functions are not: nobody can import them, and they would be a sixth of its bytes.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Removes every declaration below `folder` that these entries do not lead to.
 * @param {string} folder
 * @param {readonly string[]} entries relative to it
 */
export function pruneTypes(folder, entries) {
  /** @type {Set<string>} */
  const kept = new Set();
  const waiting = entries.map((entry) => resolve(folder, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (kept.has(file)) continue;
    kept.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, path = ""] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.[jt]s"/g)) {
      waiting.push(`${resolve(dirname(file), path)}.d.ts`);
    }
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = resolve(join(folder, name));
    if (name.endsWith(".d.ts") && !kept.has(file)) rmSync(file);
  }
}
