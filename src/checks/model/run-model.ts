import type { DType } from "../../graph/dtype.ts";
import type { EnginePool } from "../../runtime/engine-pool.ts";
import { fillName } from "../../runtime/fill.ts";
import type { Inference } from "../../runtime/inference.ts";
import type { ModelRun } from "../../runtime/model-run.ts";
import { EngineFailure, type EngineProcess, type LoadOptions } from "../../runtime/session.ts";
import type { Ran } from "../../runtime/session-protocol.ts";
import type { RunModel } from "../archive-subject.ts";
import { misfit, prepare, type Prepared, type PrepareOptions } from "./prepare.ts";

export interface RunModelOptions extends PrepareOptions, LoadOptions {}

/** Runs a subject's model twice on a dummy input, in one of the pool's processes. */
export function modelRunner(pool: EnginePool, options: RunModelOptions): RunModel {
  return async (subject) => {
    const prepared = await prepare(subject, options);
    if (prepared.stage !== "prepared") return prepared;
    try {
      return await pool.use((engine) => loadAndRun(engine, prepared, options));
    } catch (error) {
      if (error instanceof EngineFailure) return engineFailed(error);
      throw error;
    } finally {
      await prepared.close();
    }
  };
}

async function loadAndRun(engine: EngineProcess, prepared: Prepared, options: RunModelOptions): Promise<ModelRun> {
  let loadMs: number;
  try {
    ({ loadMs } = await engine.load(prepared.model, options));
  } catch (error) {
    if (!(error instanceof EngineFailure) || error.problem === "missing") throw error;
    return loadFailed(error, prepared);
  }
  try {
    const ran = await engine.run(prepared.feeds, {
      twice: true,
      ...(prepared.outputs === null ? {} : { outputs: prepared.outputs }),
    });
    return {
      stage: "done",
      inference: inferenceOf(await engine.engine, prepared, loadMs, ran),
      unstable: ran.unstable,
    };
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return runFailed(error, prepared);
  }
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

function engineFailed(error: EngineFailure): ModelRun {
  if (error.problem === "missing") {
    return {
      stage: "skipped",
      reason: "ONNX Runtime is not installed",
      advice: [{ message: error.message, at: null, remedy: installEngine }],
    };
  }
  return { stage: "load", failure: { message: error.message, at: null } };
}

/** The exact line that mends a missing engine. */
export const installEngine = "ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node@1.30";

/** The engine knows the operator, or not even that, but has no kernel for it: nothing is proven against the model. */
const noKernel = /NOT_IMPLEMENTED|is not a registered function\/op|Unsupported data type/;

function loadFailed(error: EngineFailure, { lowered }: Prepared): ModelRun {
  const message = plain(error.message);
  if (error.problem === "refused" && (lowered || noKernel.test(error.message))) {
    const remedy = lowered ? "Verify with --engine torch, and report it: the graph is our own." : withoutKernel;
    return { stage: "skipped", reason: "ONNX Runtime cannot run it", advice: [{ message, at: null, remedy }] };
  }
  return { stage: "load", failure: { message, at: null } };
}

const withoutKernel = "Run it where its operators are installed, or export it without them.";

/** What the engine says when a feed is not what the graph declares. */
const wrongFeed =
  /Got invalid (?:dimensions|rank) for input|Unexpected input data type|is missing in 'feeds'|Missing Input/i;

function runFailed(error: EngineFailure, { feeds, lowered }: Prepared): ModelRun {
  const message = plain(error.message);
  if (error.problem !== "refused") return { stage: "run", failure: { message, at: null } };
  const chosen = feeds.some(({ dtype }) => isIndex(dtype));
  if (lowered || chosen || wrongFeed.test(error.message)) return { ...misfit(message, null), loaded: true };
  return { stage: "run", failure: { message, at: null } };
}

/** Integers are indices into something; a wrong one says nothing against the model. */
function isIndex(dtype: DType): boolean {
  return dtype.startsWith("int") || dtype.startsWith("uint");
}

/** The engine's message without its source files, line numbers and signatures. */
function plain(message: string): string {
  return message
    .replace(/^(?:Error: )?/, "")
    .replace(/\/\S+\.(?:cc|h):\d+ [^()]*(?:\([^()]*\))?(?: const)?(?: \[[^\]]*\])? /g, "")
    .replace(/[ \n]+/g, " ")
    .trim();
}
