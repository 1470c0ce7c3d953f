import type { EnginePool } from "../../runtime/engine-pool.ts";
import { fillName } from "../../runtime/fill.ts";
import type { Inference } from "../../runtime/inference.ts";
import type { ModelRun, Rerun } from "../../runtime/model-run.ts";
import type { RuntimeInput } from "../../runtime/runtime-input.ts";
import { EngineFailure, type EngineProcess, type LoadOptions } from "../../runtime/session.ts";
import type { Ran } from "../../runtime/session-protocol.ts";
import type { ModelRunner } from "../archive-subject.ts";
import type { Subject } from "../subject.ts";
import { engineFailed, loadFailed, runFailed } from "./engine-failure.ts";
import { prepare, type Prepared, type PrepareOptions } from "./prepare.ts";
import { fittingInputs } from "./suggest.ts";

export interface RunModelOptions extends PrepareOptions, LoadOptions {}

/**
 * Runs models in the pool's processes: on a dummy input, twice where they may draw random numbers, and again on what a
 * check wants to try.
 */
export function modelRunner(pool: EnginePool, options: RunModelOptions): ModelRunner {
  return {
    run: (subject) => withModel(pool, subject, options, null, (model) => dummyRun(model, options)),
    rerun: (subject, inputs) => withModel(pool, subject, options, inputs, runOnce),
  };
}

interface LoadedModel {
  readonly subject: Subject;
  readonly engine: EngineProcess;
  readonly prepared: Prepared;
  readonly loadMs: number;
}

/** Loads the model for `use`; whatever stands in the way is data. */
async function withModel<T>(
  pool: EnginePool,
  subject: Subject,
  options: RunModelOptions,
  inputs: readonly RuntimeInput[] | null,
  use: (model: LoadedModel) => Promise<T>,
): Promise<T | Exclude<ModelRun, { stage: "done" }>> {
  const prepared = await prepare(subject, options, inputs);
  if (prepared.stage !== "prepared") return prepared;
  try {
    return await pool.use(async (engine) => {
      let loadMs: number;
      try {
        ({ loadMs } = await engine.load(prepared.model, options));
      } catch (error) {
        return loadFailed(asEngineFailure(error), prepared);
      }
      return use({ subject, engine, prepared, loadMs });
    });
  } catch (error) {
    return engineFailed(asEngineFailure(error));
  } finally {
    await prepared.close();
  }
}

/** Anything but the engine's own failures is a bug of ours. A missing engine is for the pool to note. */
function asEngineFailure(error: unknown): EngineFailure {
  if (error instanceof EngineFailure) return error;
  throw error;
}

async function dummyRun(model: LoadedModel, options: RunModelOptions): Promise<ModelRun> {
  const { engine, prepared, loadMs } = model;
  try {
    const ran = await engine.run(prepared.feeds, { twice: prepared.draws, ...wanted(prepared) });
    const inference = inferenceOf(await engine.engine, prepared, loadMs, ran);
    return { stage: "done", inference, inputs: prepared.inputs, unstable: ran.unstable };
  } catch (error) {
    return runFailed(asEngineFailure(error), prepared, () => fittingInputs(model.subject, engine, prepared, options));
  }
}

async function runOnce({ engine, prepared }: LoadedModel): Promise<Rerun> {
  try {
    const ran = await engine.run(prepared.feeds, { raw: true, ...wanted(prepared) });
    return { stage: "done", outputs: ran.raw ?? [] };
  } catch (error) {
    return runFailed(asEngineFailure(error), prepared);
  }
}

function wanted({ outputs }: Prepared): { outputs?: readonly string[] } {
  return outputs === null ? {} : { outputs };
}

function inferenceOf(engine: string, { feeds }: Prepared, loadMs: number, ran: Ran): Inference {
  return {
    engine,
    inputs: feeds.map(({ name, dtype, shape, fill }) => ({ name, dtype, shape, fill: fillName(fill) })),
    outputs: ran.outputs,
    loadMs: round(loadMs),
    runMs: round(ran.runMs),
  };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
