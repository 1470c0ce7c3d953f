import { checkArguments } from "./arguments.ts";
import type { Watcher } from "./machine.ts";
import { forbiddenKey } from "./state-keys.ts";
import type { GlobalValue, ObjectValue, Value } from "./value.ts";
import { entryOf, globalName } from "./value.ts";
import { type Verdict, verdictOn } from "./verdict.ts";
import { weightsOnlyGlobals } from "./weights-only.ts";

/** What kind of trouble a finding is; each has a check. */
export type PickleRule = "dangerous" | "unknown-class" | "framework-class" | "malformed" | "unscannable" | "unscanned";

export interface PickleFinding {
  readonly rule: PickleRule;
  readonly message: string;
  /** Offset in the stream's file. */
  readonly offset: number;
}

/** Which persistent ids mean something: those of torch's own files, and which names only TorchScript may use. */
export interface JudgeContext {
  readonly persistent: "none" | "torch" | "torch-legacy";
  readonly torchscript: boolean;
  readonly allowed: ReadonlySet<string>;
}

const findingLimit = 200;
const innerDepth = 8;

/** Judges what a pickle would do by names, arguments and states. Nothing is looked up in any Python. */
export class PickleJudge implements Watcher {
  readonly findings: PickleFinding[] = [];
  /** Values that hold a file of their own, to be read as torch.load would. */
  readonly nested: { readonly value: Value; readonly at: number }[] = [];
  /** Names that `torch.load(weights_only=True)` refuses. */
  readonly beyondWeightsOnly = new Set<string>();
  /** Imports of any kind; a text that happens to parse has none. */
  imports = 0;
  /** Dangerous names that the stream calls, not only holds. */
  dangerousCalls = 0;
  private readonly context: JudgeContext;
  private readonly verdicts = new Map<string, Verdict>();

  constructor(context: JudgeContext) {
    this.context = context;
  }

  report(rule: PickleRule, message: string, offset: number): void {
    if (this.findings.length < findingLimit) this.findings.push({ rule, message, offset });
  }

  global(value: GlobalValue, at: number): void {
    this.imports += 1;
    const name = `${value.module}.${value.name}`;
    if (this.verdicts.has(name)) return;
    const verdict = this.isScriptName(value)
      ? scriptVerdict
      : verdictOn(value.module, value.name, this.context.allowed);
    this.verdicts.set(name, verdict);
    const plain = name.replace(/^__builtin__\./, "builtins.").replace(/^copy_reg\./, "copyreg.");
    if (!weightsOnlyGlobals.has(plain)) this.beyondWeightsOnly.add(name);
    if (verdict.level === "dangerous") this.report("dangerous", `${shown(name)} ${verdict.why}`, at);
    else if (verdict.level === "class") this.report("unknown-class", `${name} is of a package that is not known`, at);
    else if (verdict.level === "framework" || this.isForeign(name)) {
      this.report("framework-class", `${name} is imported`, at);
    }
  }

  /** NumPy's data in a torch file: harmless, and still no tensor; weights_only refuses it. */
  private isForeign(name: string): boolean {
    return this.context.persistent !== "none" && name.startsWith("numpy.");
  }

  /** TorchScript's own names; its reader is no Python and looks them up in the file's code. */
  private isScriptName({ module, name }: GlobalValue): boolean {
    if (!this.context.torchscript) return false;
    if (/^__torch__(?:\.[A-Za-z_]\w*)*$/.test(module)) return /^\w+$/.test(name);
    return module === "torch.jit._pickle" && /^(?:build_\w+list|restore_type_tag)$/.test(name);
  }

  unresolvable(at: number): void {
    this.report("dangerous", "imports a name that is computed, so it cannot be told", at);
  }

  odd(message: string, at: number): void {
    this.report("dangerous", `the stream ${message}`, at);
  }

  call(made: ObjectValue, at: number): void {
    this.judgeCall(made.how, made.callee, made.args, at, 0);
    if (made.kwargs !== null && made.kwargs.kind !== "dict") this.odd("passes keywords that are no dict", at);
  }

  private judgeCall(how: "call" | "new", callee: Value, args: Value, at: number, depth: number): void {
    if (depth > innerDepth) return this.odd("nests calls in arguments too deep", at);
    if (callee.kind === "unknown") return;
    const module = this.context.persistent === "torch-legacy" ? moduleClass(callee) : null;
    if (module !== null) return this.judgeCall(how, module, args, at, depth + 1);
    if (callee.kind !== "global") return this.odd("calls a value that it computed", at);
    const name = `${callee.module}.${callee.name}`;
    const verdict = this.verdicts.get(name);
    if (verdict === undefined) return;
    if (verdict.level === "dangerous") this.dangerousCalls += 1;
    else if (verdict.use === "hold") this.report("dangerous", `${name} is called, and may only be held`, at);
    else if (how === "call" && verdict.use === "new") {
      this.report("dangerous", `${name} is called; only classes that are restored without a call pass unknown`, at);
    }
    // TorchScript writes an enum's member as its class, called with the bare value.
    if (args.kind !== "tuple" && callee.module.split(".")[0] === "__torch__") return;
    if (args.kind !== "tuple") return this.odd(`calls ${shown(name)} with arguments that are no tuple`, at);
    if (verdict.check === null || how === "new") return;
    const { problem, inner, nested } = checkArguments(verdict.check, args);
    if (problem !== undefined) this.report("dangerous", `${name} ${problem}`, at);
    if (nested !== undefined) this.nested.push({ value: nested, at });
    if (inner !== undefined) this.judgeCall(inner.how, inner.callee, inner.args, at, depth + 1);
  }

  build(target: Value, state: Value, at: number): void {
    if (target.kind === "unknown") return;
    if (target.kind !== "object")
      return this.odd(`sets attributes of a ${shown(globalName(target) ?? target.kind)}`, at);
    const file = entryOf(state, "filename");
    if (
      globalName(target.callee)?.endsWith(".NDArrayWrapper") &&
      file?.kind === "text" &&
      /[\\/]/.test(file.text ?? "/")
    ) {
      this.odd("makes joblib load a file of another folder", at);
    }
    const key = forbiddenKey(state);
    if (key !== null) this.report("dangerous", `the state of ${describe(target)} replaces ${key}`, at);
  }

  persistent(id: Value, at: number): void {
    const problem = persistentProblem(id, this.context.persistent);
    if (problem !== null) this.odd(problem, at);
  }
}

/** Before 1.6 torch wrote a module's class as a persistent id, with its source beside it. */
function moduleClass(callee: Value): Value | null {
  if (callee.kind !== "persistent" || callee.id.kind !== "tuple") return null;
  const [tag, cls] = callee.id.items;
  return tag?.kind === "text" && tag.text === "module" && cls?.kind === "global" ? cls : null;
}

const scriptVerdict: Verdict = { level: "safe", use: "call", check: null, why: "" };

function describe(value: ObjectValue): string {
  return shown(globalName(value.callee) ?? "an object");
}

/** A name from the file, short and without control characters. */
function shown(name: string): string {
  const text = /^[\x20-\x7e]*$/.test(name) ? name : JSON.stringify(name);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** `('storage', torch.FloatStorage, '0', 'cpu', 100)`, and what files before 1.6 wrote. */
function persistentProblem(id: Value, mode: JudgeContext["persistent"]): string | null {
  if (mode === "none") return "asks its reader for an object (persistent id), which only torch's files may";
  if (id.kind !== "tuple") return "has a persistent id that is no storage";
  const [tag, cls, key, location] = id.items;
  const word = tag?.kind === "text" ? tag.text : null;
  if (mode === "torch-legacy" && word === "module" && cls?.kind === "global") return null;
  const name = globalName(cls) ?? "";
  const storage = /^torch(?:\.cuda|\.storage)?\.\w*Storage$/.test(name);
  const texts = (key?.kind === "text" || key?.kind === "atom") && location?.kind === "text";
  return word === "storage" && storage && texts ? null : "has a persistent id that is no storage";
}
