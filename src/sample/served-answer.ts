import type { NumberView } from "../runtime/summary.ts";
import type { TopLabel } from "./top-labels.ts";

/** What a server's answer says, as far as it is JSON. */
function valueOf(answer: string): unknown {
  try {
    const value: unknown = JSON.parse(answer);
    return value;
  } catch {
    return null;
  }
}

const kept = 5;
const unknownIndex = -1;

/**
 * The classes of an answer such as image_classifier's `{"espresso": 0.95, …}`, the likeliest first. Empty for answers
 * of another kind. A class without a name is given by its number.
 */
export function answeredLabels(answer: string, labels: ReadonlyMap<string, string> | null): readonly TopLabel[] {
  const value = valueOf(answer);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const indices = new Map([...(labels ?? [])].map(([index, label]) => [label, Number(index)]));
  const top: TopLabel[] = [];
  for (const [name, probability] of Object.entries(value)) {
    if (typeof probability !== "number" || probability < 0 || probability > 1) return [];
    const isNumber = /^\d+$/.test(name) && !indices.has(name);
    const index = indices.get(name) ?? (isNumber ? Number(name) : unknownIndex);
    top.push({ index, label: isNumber ? null : name, probability });
  }
  return top.toSorted((a, b) => b.probability - a.probability).slice(0, kept);
}

/** Every number of an answer in order, wherever it stands; empty for what is no JSON. */
export function answeredNumbers(answer: string): NumberView {
  const numbers: number[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "number") numbers.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  collect(valueOf(answer));
  return { length: numbers.length, at: (i) => numbers[i] ?? Number.NaN };
}
