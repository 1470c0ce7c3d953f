import type { NumberView } from "../runtime/summary.ts";

/** A class that the model gave, with its probability. */
export interface TopLabel {
  readonly index: number;
  /** Null where the archive has no name for the class. */
  readonly label: string | null;
  readonly probability: number;
}

const kept = 5;
/** How far from 1 the sum of probabilities may be. */
const sumTolerance = 0.01;

/**
 * The five likeliest classes of the first row of scores. Scores that are no probabilities yet go through softmax, as in
 * image_classifier. Empty when there are fewer than two classes, or a score is not finite.
 */
export function topLabels(
  scores: NumberView,
  classes: number,
  labels: ReadonlyMap<string, string> | null,
): readonly TopLabel[] {
  const row = Array.from({ length: Math.min(classes, scores.length) }, (_, i) => scores.at(i));
  if (row.length < 2 || !row.every(Number.isFinite)) return [];
  return probabilities(row)
    .map((probability, index) => ({ index, label: labels?.get(String(index)) ?? null, probability }))
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, kept);
}

function probabilities(row: readonly number[]): readonly number[] {
  const sum = row.reduce((total, score) => total + score, 0);
  if (Math.abs(sum - 1) < sumTolerance && row.every((score) => score >= 0 && score <= 1)) return row;
  const largest = Math.max(...row);
  const powers = row.map((score) => Math.exp(score - largest));
  const total = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / total);
}

/** Whether a label is the one that was expected: its name, whatever the case, or its index. */
export function isExpected(top: TopLabel | undefined, expected: string): boolean {
  if (top === undefined) return false;
  return top.label?.toLowerCase() === expected.toLowerCase() || String(top.index) === expected;
}
