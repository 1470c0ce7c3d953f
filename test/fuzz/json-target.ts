import { readStrictJson } from "../../src/manifest/strict-json.ts";
import { mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const names = ["modelName", "a", "b", "__proto__", "é", "\\u0061", ""];
const valid = ["0", "-1.5e3", "true", "null", '"x"', '"\\ud83d\\ude00"', "1e999", "[]", "{}"];
const wrong = ["01", "1.", "nul", '"\\ud800"', '"\\q"', '"\t"', "'x'", "NaN"];

function anyValue(random: Random, depth: number): string {
  if (depth > 5 || random.chance(0.4)) return random.pick(random.chance(0.97) ? valid : wrong);
  const count = random.below(4);
  const comma = random.chance(0.97) ? "," : ",,";
  if (random.chance(0.5)) return `[${Array.from({ length: count }, () => anyValue(random, depth + 1)).join(comma)}]`;
  const members = Array.from({ length: count }, () => `"${random.pick(names)}": ${anyValue(random, depth + 1)}`);
  return `{${members.join(comma)}}`;
}

/** Stricter than JSON.parse, never more lenient, and the same value where both take it. */
async function run(input: Uint8Array): Promise<Result> {
  const { value, issues } = readStrictJson(input, 1 << 20);
  if (issues.length > 0) return { past: value !== undefined };
  let hidden = false;
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
  const expected: unknown = JSON.parse(text, (key, inner: unknown) => {
    hidden ||= key === "__proto__";
    return inner;
  });
  if (hidden) throw new Error("a __proto__ key, unreported");
  if (JSON.stringify(value) !== JSON.stringify(expected)) throw new Error("another value than JSON.parse");
  return { past: true };
}

export const jsonTarget: Target = {
  name: "json",
  covers: ["manifest/strict-json.ts", "manifest/json-scan.ts"],
  // Lets the key pass that gives an object another prototype.
  planted: {
    file: "manifest/json-scan.ts",
    find: 'new Set(["__proto__", "constructor"',
    replace: 'new Set(["constructor"',
  },
  generate(random) {
    const text = Buffer.from(`${random.chance(0.05) ? "\uFEFF" : ""}${anyValue(random, 0)}`);
    return random.chance(0.3) ? mutateBytes(text, random) : text;
  },
  run,
};
