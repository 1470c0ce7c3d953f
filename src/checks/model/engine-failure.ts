import type { DType } from "../../graph/dtype.ts";
import type { FailedRun, NoRun } from "../../runtime/model-run.ts";
import type { EngineFailure } from "../../runtime/session.ts";
import { misfit, type Prepared } from "./prepare.ts";

/** The exact line that mends a missing engine. */
export const installEngine = "ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node@1.30";

/** The process could not even be asked. */
export function engineFailed(error: EngineFailure): NoRun | FailedRun {
  if (error.problem !== "missing") return { stage: "load", failure: { message: error.message, at: null } };
  const advice = [{ message: error.message, at: null, remedy: installEngine }];
  return { stage: "skipped", reason: "ONNX Runtime is not installed", advice };
}

/** The engine knows the operator, or not even that, and has no kernel for it: nothing is proven against the model. */
const noKernel =
  /NOT_IMPLEMENTED|Could not find an implementation|is not a registered function\/op|Unsupported data type/;

const withoutKernel = "Run it where its operators are installed, or export it without them.";

export function loadFailed(error: EngineFailure, { lowered }: Prepared): NoRun | FailedRun {
  if (error.problem === "missing") throw error;
  const message = plain(error.message);
  if (error.problem === "refused" && (lowered || noKernel.test(error.message))) {
    const remedy = lowered ? "Verify with --engine torch, and report it: the graph is our own." : withoutKernel;
    return { stage: "skipped", reason: "ONNX Runtime cannot run it", advice: [{ message, at: null, remedy }] };
  }
  return { stage: "load", failure: { message, at: null } };
}

/** What the engine says when a feed is not what the graph declares. */
const wrongFeed =
  /(?:Got invalid dimensions|Invalid rank) for input|Unexpected input data type|missing in 'feeds'|Missing Input|Invalid feed/i;

/** `suggest` finds inputs that fit, as a remedy. */
export async function runFailed(
  error: EngineFailure,
  { feeds, lowered, guessed }: Prepared,
  suggest: () => Promise<string | undefined> = async () => undefined,
): Promise<NoRun | FailedRun> {
  const message = plain(error.message);
  if (error.problem !== "refused") return { stage: "run", failure: { message, at: null } };
  const indices = feeds.some(({ dtype }) => isInteger(dtype));
  if (lowered || guessed || indices || wrongFeed.test(error.message)) {
    return { ...misfit(message, null, await suggest()), loaded: true };
  }
  return { stage: "run", failure: { message, at: null } };
}

/** Integers are indices into something; a wrong one says nothing against the model. */
function isInteger(dtype: DType): boolean {
  return dtype.startsWith("int") || dtype.startsWith("uint");
}

/** The engine's message without its source files, line numbers and signatures. */
export function plain(message: string): string {
  return message
    .replace(/^(?:Error: )?/, "")
    .replace(/\/\S+\.(?:cc|h):\d+ [^()]*(?:\([^()]*\))?(?: const)?(?: \[[^\]]*\])? /g, "")
    .replace(/[ \n]+/g, " ")
    .trim();
}
