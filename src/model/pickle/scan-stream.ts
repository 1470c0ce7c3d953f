import { type ByteSource, memorySource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { joblibArray } from "./joblib.ts";
import { type JudgeContext, PickleJudge } from "./judge.ts";
import { PickleMachine } from "./machine.ts";
import { type Op, PickleReader } from "./reader.ts";
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
  const carried: Uint8Array[] = [];
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
        const bytes = carried.length < carriedLimit ? carriedPickle(op) : null;
        if (bytes !== null) carried.push(bytes);
        if (!weightsOnlyOpcodes.has(op.name)) opcodes.add(op.name);
        machine.step(op);
      }
      if (batch.at(-1)?.name !== "BUILD") continue;
      const array = await joblibArray(machine.peek(), source, reader.at);
      if (array === null) continue;
      joblib = true;
      reader.at = array.pickled ? await nestedStream(source, array.end, judge, context, budget) : array.end;
    }
    await reportCarried(carried, judge, context, budget);
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

const carriedLimit = 16;

/** Bytes, or base64 text, that look like a pickle of their own: data here, but somebody may load it. */
function carriedPickle({ argument }: Op): Uint8Array | null {
  if (argument.kind === "bytes") return startsPickle(argument.bytes) ? argument.bytes : null;
  if (argument.kind !== "text" || argument.text === null || !/^gA[IJMQSU]/.test(argument.text)) return null;
  const bytes = Buffer.from(argument.text, "base64");
  return startsPickle(bytes) ? bytes : null;
}

function startsPickle(bytes: Uint8Array | null): bytes is Uint8Array {
  return bytes !== null && bytes.length > 8 && bytes[0] === 0x80 && (bytes[1] ?? 9) <= 5;
}

async function reportCarried(
  carried: readonly Uint8Array[],
  judge: PickleJudge,
  context: JudgeContext,
  budget: Budget,
): Promise<void> {
  for (const bytes of carried) {
    const inner = await scanStream(memorySource(bytes), 0, context, budget);
    if (inner.complete && inner.judge.imports > 0) {
      const names = inner.judge.findings.map(({ message }) => message).slice(0, 3);
      judge.report("unscanned", `carries another pickle as data (${names.join("; ") || "with imports"})`, 0);
    }
  }
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
