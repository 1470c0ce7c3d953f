import { MalformedModel } from "../malformed.ts";
import { actions } from "./machine-actions.ts";
import type { Op } from "./reader.ts";
import { keptForJudging, object } from "./value.ts";
import type { GlobalValue, ObjectValue, Value } from "./value.ts";

/** Whoever judges what the stream does. Each is told before the result is on the stack. */
export interface Watcher {
  global(value: GlobalValue, at: number): void;
  /** Names that are no strings: what would be imported cannot be told. */
  unresolvable(at: number): void;
  call(made: ObjectValue, at: number): void;
  build(target: Value, state: Value, at: number): void;
  persistent(id: Value, at: number): void;
  /** Anything else that no sound file does. */
  odd(message: string, at: number): void;
}

const stackLimit = 1_000_000;
const memoLimit = 2_000_000;

/** The unpickler's machine, which describes instead of doing. Throws MalformedModel where CPython would stop, too. */
export class PickleMachine {
  readonly watcher: Watcher;
  readonly kept: number;
  private readonly stack: Value[] = [];
  /** Heights of the stack at which MARKs lie; what is below the last one is out of reach. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, Value>();
  /** The most marks that were open at once. */
  deepest = 0;
  /** What the stream gives, once STOP was met. */
  result: Value | null = null;

  /** `kept`: how many items and entries of each container stay in its description. */
  constructor(watcher: Watcher, kept = keptForJudging) {
    this.watcher = watcher;
    this.kept = kept;
  }

  step(op: Op): void {
    actions[op.name](this, op.argument, op.at);
  }

  /** The value on top, if there is one. */
  peek(): Value | undefined {
    return this.stack.at(-1);
  }

  push(value: Value, at: number): void {
    this.stack.push(value);
    this.limit(at);
  }

  private limit(at: number): void {
    if (this.stack.length + this.marks.length > stackLimit) {
      throw new MalformedModel("pickle's stack is deeper than a million", at);
    }
  }

  private get isEmpty(): boolean {
    const { marks } = this;
    return this.stack.length === (marks.length === 0 ? 0 : marks[marks.length - 1]);
  }

  pop(at: number): Value {
    const value = this.isEmpty ? undefined : this.stack.pop();
    if (value === undefined) throw new MalformedModel("pickle takes from an empty stack", at);
    return value;
  }

  top(at: number): Value {
    const value = this.isEmpty ? undefined : this.stack.at(-1);
    if (value === undefined) throw new MalformedModel("pickle takes from an empty stack", at);
    return value;
  }

  mark(at: number): void {
    this.marks.push(this.stack.length);
    this.limit(at);
    if (this.marks.length > this.deepest) this.deepest = this.marks.length;
  }

  /** What was pushed since the last MARK. */
  sinceMark(at: number): Value[] {
    const below = this.marks.pop();
    if (below === undefined) throw new MalformedModel("pickle has no MARK to go back to", at);
    return this.stack.splice(below);
  }

  /** POP takes a mark when nothing lies above it. */
  drop(at: number): void {
    if (!this.isEmpty || this.marks.length === 0) this.pop(at);
    else this.sinceMark(at);
  }

  recall(index: number | bigint, at: number): void {
    const value = this.memo.get(Number(index));
    if (value === undefined) throw new MalformedModel(`pickle recalls ${index}, which it never stored`, at);
    this.push(value, at);
  }

  remember(index: number | bigint | null, at: number): void {
    if (this.memo.size >= memoLimit) throw new MalformedModel("pickle stores more than two million values", at);
    this.memo.set(Number(index ?? this.memo.size), this.top(at));
  }

  stop(at: number): void {
    this.result = this.pop(at);
  }

  make(how: "call" | "new", callee: Value, args: Value, at: number, kwargs: Value | null = null): void {
    const made = object(how, callee, args, kwargs);
    this.watcher.call(made, at);
    this.push(made, at);
  }

  global(module: string, name: string, at: number): GlobalValue {
    const value: GlobalValue = { kind: "global", module, name };
    this.watcher.global(value, at);
    return value;
  }
}
