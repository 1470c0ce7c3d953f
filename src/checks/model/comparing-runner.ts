import type { ModelRun, Rerun } from "../../runtime/model-run.ts";
import type { RawOutput } from "../../runtime/session-protocol.ts";
import { numbersOf } from "../../runtime/summary.ts";
import type { ModelRunner } from "../archive-subject.ts";
import type { Subject } from "../subject.ts";

/** Runs with `first`, and on the same inputs with `second`; the report tells how far apart they are. */
export function comparingRunner(first: ModelRunner, second: ModelRunner): ModelRunner {
  return {
    async run(subject) {
      const run = await first.run(subject);
      return run.stage === "done"
        ? { ...run, inference: { ...run.inference, compared: await compared(subject, run) } }
        : run;
    },
    rerun: (subject, inputs) => first.rerun(subject, inputs),
  };

  async function compared(subject: Subject, { inputs }: Extract<ModelRun, { stage: "done" }>) {
    const [own, other] = [await first.rerun(subject, inputs), await second.rerun(subject, inputs)];
    const engine = "onnxruntime";
    if (own.stage !== "done" || other.stage !== "done") {
      return { engine, difference: null, reason: reasonOf(own.stage === "done" ? other : own) };
    }
    const difference = largest(own.outputs, other.outputs);
    return difference === null
      ? { engine, difference, reason: "the outputs have other shapes" }
      : { engine, difference };
  }
}

function reasonOf(run: Rerun): string {
  if (run.stage === "done") return "";
  return run.stage === "skipped" ? (run.advice[0]?.message ?? run.reason) : run.failure.message;
}

/** The largest absolute difference; null when the outputs are not of the same number and shapes. */
function largest(own: readonly RawOutput[], other: readonly RawOutput[]): number | null {
  if (own.length !== other.length) return null;
  let most = 0;
  for (const [i, { dtype, shape, bytes }] of own.entries()) {
    const twin = other[i];
    if (twin === undefined || twin.shape.join() !== shape.join()) return null;
    const [a, b] = [numbersOf(dtype, bytes), numbersOf(twin.dtype, twin.bytes)];
    for (let k = 0; k < a.length; k++) {
      const difference = Math.abs(a.at(k) - b.at(k));
      if (difference > most) most = difference;
    }
  }
  return most;
}
