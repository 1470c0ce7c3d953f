import type { ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { joblibArray } from "./joblib.ts";
import { type JudgeContext, PickleJudge } from "./judge.ts";
import { PickleMachine } from "./machine.ts";
import { PickleReader } from "./reader.ts";
import type { Value } from "./value.ts";
import { weightsOnlyOpcodes } from "./weights-only.ts";

/** Work that a scan may still do, shared by everything in one archive. */
export interface Budget {
  opcodes: number;
  /** Bytes that may be unpacked. */
  unpacked: number;
}

export function newBudget(): Budget {
  return { opcodes: 10_000_000, unpacked: 4 * 2 ** 30 };
}

/** Python's own recursion limit; what is deeper cannot even be printed. */
const deepNesting = 1000;

/** What one pickle stream would do. */
export interface StreamScan {
  readonly judge: PickleJudge;
  /** Behind STOP, or where the stream broke. */
  readonly end: number;
  /** False when the format is broken or the work was too much. */
  readonly complete: boolean;
  readonly result: Value | null;
  /** Opcodes that `torch.load(weights_only=True)` does not know. */
  readonly beyondWeightsOnly: ReadonlySet<string>;
  /** joblib's arrays lie between the opcodes. */
  readonly joblib: boolean;
}

/** Runs the symbolic machine over the stream at `start`; a broken stream is a finding after what came before it. */
export async function scanStream(
  source: ByteSource,
  start: number,
  context: JudgeContext,
  budget: Budget,
): Promise<StreamScan> {
  const judge = new PickleJudge(context);
  const machine = new PickleMachine(judge);
  const reader = new PickleReader(source, start);
  const opcodes = new Set<string>();
  let joblib = false;
  let complete = true;
  try {
    while (!reader.done) {
      const batch = await reader.batch();
      budget.opcodes -= batch.length;
      if (budget.opcodes < 0) {
        judge.report("unscannable", "the pickle takes more than ten million opcodes", reader.at);
        complete = false;
        break;
      }
      for (const op of batch) {
        if (!weightsOnlyOpcodes.has(op.name)) opcodes.add(op.name);
        machine.step(op);
      }
      if (batch.at(-1)?.name !== "BUILD") continue;
      const array = await joblibArray(machine.peek(), source, reader.at);
      if (array === null) continue;
      joblib = true;
      reader.at = array.pickled ? await nestedStream(source, array.end, judge, context, budget) : array.end;
    }
    if (machine.deepest > deepNesting) {
      judge.report("unscanned", `containers nest ${machine.deepest} deep, which no model needs`, 0);
    }
  } catch (error) {
    if (!(error instanceof MalformedModel)) throw error;
    judge.report("malformed", error.message, error.offset ?? reader.at);
    complete = false;
  }
  return { judge, end: reader.at, complete, result: machine.result, beyondWeightsOnly: opcodes, joblib };
}

/** joblib writes arrays of objects as a pickle of their own, where the raw bytes would be. */
async function nestedStream(
  source: ByteSource,
  start: number,
  judge: PickleJudge,
  context: JudgeContext,
  budget: Budget,
): Promise<number> {
  const inner = await scanStream(source, start, context, budget);
  for (const { rule, message, offset } of inner.judge.findings) judge.report(rule, message, offset);
  judge.imports += inner.judge.imports;
  judge.dangerousCalls += inner.judge.dangerousCalls;
  judge.nested.push(...inner.judge.nested);
  if (!inner.complete) throw new MalformedModel("array of objects does not end", start);
  return inner.end;
}
