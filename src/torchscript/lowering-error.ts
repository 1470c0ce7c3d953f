/**
 * Why a program could not be turned into a graph.
 * - `unsupported`: sound, but beyond what we lower (the message names it).
 * - `invalid`: the file is malformed.
 * - `limit`: more steps, depth or memory than we allow.
 * - `raised`: the program itself raised an exception on these inputs; another input may fit.
 */
export type LoweringFault = "unsupported" | "invalid" | "limit" | "raised";

/** Thrown inside the lowering; `lowerTorch` turns it into data. */
export class LoweringError extends Error {
  readonly fault: LoweringFault;
  /** Where in the program: innermost first, `file:line` and function. */
  readonly trace: string[] = [];

  constructor(fault: LoweringFault, message: string) {
    super(message);
    this.name = "LoweringError";
    this.fault = fault;
  }
}

export function unsupported(message: string): LoweringError {
  return new LoweringError("unsupported", message);
}

export function invalid(message: string): LoweringError {
  return new LoweringError("invalid", message);
}

/** The program raised (or PyTorch would have): shapes that do not fit, a failed assertion. */
export function raised(message: string): LoweringError {
  return new LoweringError("raised", message);
}
