import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { FunctionDefinition } from "../language/syntax.ts";
import { LoweringError } from "../lowering-error.ts";
import type { ObjectValue, Value } from "../value.ts";
import type { Located, Program } from "./program.ts";

const mostSteps = 5_000_000;
const deepestCall = 300;
/** Branches that are walked with all that follows: each one may double the work. */
const mostSplits = 100;

/** What all calls of one walk share. */
export interface Context {
  readonly program: Program;
  readonly builder: Builder;
  /** `CONSTANTS.c0`, … */
  readonly constants: readonly Value[];
  /** Operators that the table does not have, and how often they were called. */
  readonly missing: Map<string, number>;
  readonly budget: Budget;
  /** The lower precision that a region of `torch.autocast` computes in. */
  readonly autocast?: DType | null;
  run(found: Located<FunctionDefinition>, positional: readonly Value[], keyword: ReadonlyMap<string, Value>): Value;
}

/** The locals of one call. */
export interface Frame {
  readonly context: Context;
  locals: Map<string, Value>;
  readonly file: string;
}

/** How a block ended: null at its end, else by `return`, `break` or `continue`. */
export type Completion = null | "break" | "continue" | { readonly returned: Value };

/** Bounds a walk: a program of a few lines could run for ever. */
export class Budget {
  #steps = 0;
  #depth = 0;
  #splits = 0;

  step(): void {
    if (++this.#steps > mostSteps) throw new LoweringError("limit", `the program takes more than ${mostSteps} steps`);
  }

  split(): void {
    if (++this.#splits > mostSplits) {
      throw new LoweringError("limit", `more than ${mostSplits} branches on tensor values that do not meet again`);
    }
  }

  call<Result>(body: () => Result): Result {
    if (++this.#depth > deepestCall) throw new LoweringError("limit", `calls are nested deeper than ${deepestCall}`);
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }
}

/** A method of an object's class. */
export function methodOf(context: Context, object: ObjectValue, name: string): Located<FunctionDefinition> | null {
  const found = context.program.class(object.type);
  const definition = found?.definition.methods.get(name);
  return found && definition ? { definition, file: found.file } : null;
}
