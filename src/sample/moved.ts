import type { NumberView } from "../runtime/summary.ts";
import type { Tolerance } from "./recorded-sample.ts";

/** How far an output moved from its record. */
export interface Movement {
  /** Largest absolute difference; infinite where lengths differ or only one is NaN. */
  readonly difference: number;
  /** What the tolerance allows. */
  readonly allowed: number;
}

export function movement(recorded: NumberView, now: NumberView, { absolute, relative }: Tolerance): Movement {
  let [largest, magnitude] = [0, 0];
  for (let i = 0; i < recorded.length; i += 1) {
    const [before, after] = [recorded.at(i), now.at(i)];
    if (Number.isFinite(before)) magnitude = Math.max(magnitude, Math.abs(before));
    if (Object.is(before, after) || before === after) continue;
    const difference = Math.abs(before - after);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  const difference = recorded.length === now.length ? largest : Infinity;
  return { difference, allowed: absolute + relative * magnitude };
}
