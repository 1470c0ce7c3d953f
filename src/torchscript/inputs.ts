import type { RuntimeInput, LoweringOptions } from "../runtime/runtime-input.ts";
import type { Builder } from "./builder.ts";
import type { Expression, FunctionDefinition, Parameter } from "./language/syntax.ts";
import { defaultInputs } from "./default-inputs.ts";
import { typeArguments, typeText } from "./evaluator/types.ts";
import type { TorchScriptFile } from "./file/torchscript-file.ts";
import { LoweringError } from "../runtime/runtime-input.ts";
import { graphInput, type NamedTensor } from "./graph-input.ts";
import { DictValue, ListValue, TupleValue, type Value } from "./value.ts";

export interface BoundInputs {
  readonly positional: readonly Value[];
  readonly keyword: ReadonlyMap<string, Value>;
  readonly graph: readonly NamedTensor[];
}

/** Gives the parameters of `forward` their values: by name where the input has one, else in order. */
export function bindInputs(
  forward: FunctionDefinition,
  given: readonly RuntimeInput[],
  file: TorchScriptFile,
  builder: Builder,
  options: LoweringOptions,
): BoundInputs {
  const parameters = forward.parameters.slice(1);
  const inputs = given.length > 0 ? given : defaultInputs(file, forward, options);
  const binder = new Binder(inputs, parameters, builder);
  const positional = parameters.map((parameter) => binder.parameter(parameter));
  binder.finish();
  return { positional, keyword: new Map(), graph: binder.graph };
}

class Binder {
  readonly graph: NamedTensor[] = [];
  readonly #named = new Map<string, RuntimeInput>();
  readonly #ordered: RuntimeInput[] = [];
  readonly #count: number;
  readonly #builder: Builder;
  readonly #parameters: readonly Parameter[];

  constructor(inputs: readonly RuntimeInput[], parameters: readonly Parameter[], builder: Builder) {
    const names = new Set(parameters.map(({ name }) => name));
    for (const input of inputs) {
      if (input.name !== null && names.has(input.name) && !this.#named.has(input.name)) {
        this.#named.set(input.name, input);
      } else this.#ordered.push(input);
    }
    this.#count = inputs.length;
    this.#builder = builder;
    this.#parameters = parameters;
  }

  parameter({ name, type, fallback }: Parameter): Value {
    const own = this.#named.get(name);
    const text = typeText(type);
    if (own !== undefined && !/^(List|Tuple|Dict)\[/.test(text)) return this.#value(own, name);
    if (own !== undefined) this.#ordered.unshift(own);
    const needed = this.#parameters.length;
    if (this.#ordered.length === 0) {
      if (fallback?.kind === "literal") return fallback.value;
      if (text.startsWith("Optional[") || text === "NoneType") return null;
      throw new LoweringError(
        "input",
        `forward takes ${needed} argument${needed === 1 ? "" : "s"} (${this.#parameters.map((p) => `${p.name}: ${typeText(p.type)}`).join(", ")}); ${this.#count} given`,
      );
    }
    return this.#typed(type, name);
  }

  /** A parameter that takes several inputs takes all that are left, or as many as its type says. */
  #typed(type: Expression | null, name: string): Value {
    const text = typeText(type);
    const inner = type === null ? [] : typeArguments(type);
    if (text.startsWith("Optional[")) return this.#typed(inner[0] ?? null, name);
    if (text.startsWith("List[")) {
      return new ListValue(this.#ordered.splice(0).map((input, i) => this.#value(input, input.name ?? `${name}_${i}`)));
    }
    if (text.startsWith("Tuple[")) return new TupleValue(inner.map((item, i) => this.#typed(item, `${name}_${i}`)));
    if (text.startsWith("Dict[")) {
      return new DictValue(
        this.#ordered.splice(0).map((input, i) => {
          const key = input.name ?? `${name}_${i}`;
          return [key, this.#value(input, key)];
        }),
      );
    }
    const input = this.#ordered.shift();
    if (input === undefined) throw new LoweringError("input", `forward's ${name}: ${text} has no input`);
    return this.#value(input, input.name ?? name);
  }

  #value(input: RuntimeInput, wanted: string): Value {
    switch (input.kind) {
      case "int":
        return BigInt(input.value);
      case "float":
      case "bool":
      case "string":
        return input.value;
      case "tensor": {
        const { tensor, fed } = graphInput({ ...input, name: this.#unique(wanted) }, this.#builder);
        this.graph.push(fed);
        return tensor;
      }
    }
  }

  #unique(wanted: string): string {
    const taken = new Set(this.graph.map(({ name }) => name));
    let name = wanted;
    for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`;
    return name;
  }

  finish(): void {
    if (this.#ordered.length > 0) {
      const needed = this.#parameters.length;
      throw new LoweringError(
        "input",
        `forward takes ${needed} argument${needed === 1 ? "" : "s"}; ${this.#count} given`,
      );
    }
  }
}
