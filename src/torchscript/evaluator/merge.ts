import type { Builder } from "../builder.ts";
import { kindOf } from "../kind-of.ts";
import type { Changes } from "../journal.ts";
import { elementCount } from "../../graph/dtype.ts";
import { commonShape, mayBeSame, mayEqual } from "../extent.ts";
import { mayBeOptional } from "../may-be-optional.ts";
import { unsupported } from "../lowering-error.ts";
import { commonItemForm, type ItemForm, stackedAs } from "../stacked-list.ts";
import { mapStacks, zipStacks } from "../stacks.ts";
import { asSymbolic } from "../symbolic.ts";
import { inScope } from "./subgraph.ts";
import { gridOf, onGrid, sameGrid } from "../quantized-grid.ts";
import { GraphValue, type Scope, type TensorContent, TensorValue } from "../tensor-value.ts";
import {
  DictValue,
  GrowingItems,
  ListValue,
  type Mutable,
  ObjectValue,
  OptionalValue,
  StackedItems,
  SymbolicScalar,
  TupleValue,
  UninitializedValue,
  type Value,
} from "../value.ts";

/** What one arm left behind: contents of what it changed, and graph values of the tensors it bound. */
export interface ArmState {
  readonly scope: Scope;
  readonly changes: Changes;
  readonly values: ReadonlyMap<TensorValue, GraphValue>;
}

/** A merged value and where it comes from in each arm. */
export interface MergedPair {
  readonly output: GraphValue;
  readonly whenTrue: GraphValue;
  readonly whenFalse: GraphValue;
}

/** Makes one value out of what the two arms of a branch give; tensors and numbers that differ become outputs. */
export class Merge {
  readonly pairs: MergedPair[] = [];
  readonly #builder: Builder;
  readonly #whenTrue: ArmState;
  readonly #whenFalse: ArmState;
  readonly #loose: boolean;
  readonly #fits: (a: readonly number[], b: readonly number[]) => boolean;

  /** `loose`: sizes that differ become one that only running the graph tells. */
  constructor(builder: Builder, whenTrue: ArmState, whenFalse: ArmState, loose: boolean) {
    this.#builder = builder;
    this.#loose = loose;
    this.#fits = loose ? (a, b) => a.length === b.length : mayBeSame;
    this.#whenTrue = whenTrue;
    this.#whenFalse = whenFalse;
  }

  value(a: Value, b: Value): Value {
    if (a === b || Object.is(a, b)) return a;
    if (a instanceof UninitializedValue && a.reason !== null) return a;
    if (b instanceof UninitializedValue && b.reason !== null) return b;
    if (a instanceof UninitializedValue) return this.#only(b, "whenFalse");
    if (b instanceof UninitializedValue) return this.#only(a, "whenTrue");
    if (this.#loose && mayBeOptionals(a, b)) return this.#optional(a, b);
    if (a instanceof TensorValue && b instanceof TensorValue) {
      return merged(this.#tensor(this.#read(a), this.#read(b)), a, b);
    }
    if (a instanceof TupleValue && b instanceof TupleValue && a.items.length === b.items.length) {
      return new TupleValue(this.#items(a.items, b.items), a.fields, a.type);
    }
    if (a instanceof ListValue && b instanceof ListValue) {
      return new ListValue(this.#list(this.#content(this.#whenTrue, a), this.#content(this.#whenFalse, b)));
    }
    if (a instanceof DictValue && b instanceof DictValue) {
      const dict = new DictValue();
      dict.content = this.#dict(this.#content(this.#whenTrue, a), this.#content(this.#whenFalse, b));
      return dict;
    }
    if (a instanceof ObjectValue && b instanceof ObjectValue && a.type === b.type) {
      const content = this.#attributes(this.#content(this.#whenTrue, a), this.#content(this.#whenFalse, b));
      return new ObjectValue(a.type, content);
    }
    return this.#scalar(a, b);
  }

  /** None in one arm and a value in the other, or either where only running the graph tells. */
  #optional(a: Value, b: Value): OptionalValue {
    const present = (value: Value) =>
      value instanceof OptionalValue ? value.present : this.#builder.full("bool", value !== null);
    const [x, y] = [a, b].map((value) => (value instanceof OptionalValue ? value.value : value));
    const either = this.#tensor(this.#read(present(a)), this.#read(present(b)));
    if (x === null) return new OptionalValue(either, this.#only(y, "whenFalse"));
    return new OptionalValue(either, y === null ? this.#only(x, "whenTrue") : this.value(x, y));
  }

  /** The merged content of something that existed before the branch. */
  content(target: Mutable<unknown>): unknown {
    if (target instanceof TensorValue) return this.#tensorContent(target);
    if (target instanceof ListValue) {
      return this.#list(this.#content(this.#whenTrue, target), this.#content(this.#whenFalse, target));
    }
    if (target instanceof DictValue) {
      return this.#dict(this.#content(this.#whenTrue, target), this.#content(this.#whenFalse, target));
    }
    if (target instanceof ObjectValue) {
      return this.#attributes(this.#content(this.#whenTrue, target), this.#content(this.#whenFalse, target));
    }
    throw unsupported("a branch that changes a value of this kind");
  }

  #content<Content>(arm: ArmState, target: Mutable<Content>): Content {
    const change = arm.changes.get(target);
    // Journal.set keeps a target's content of one type.
    return change === undefined ? target.content : (change.after as Content);
  }

  #tensorContent(target: TensorValue): TensorContent {
    const [a, b] = [this.#content(this.#whenTrue, target), this.#content(this.#whenFalse, target)];
    if (!("value" in a) || !("value" in b)) throw unsupported("a tensor whose shape changes in one arm of a branch");
    return { value: this.#graphValue(a.value, b.value) };
  }

  #items(a: readonly Value[], b: readonly Value[]): Value[] {
    return a.map((item, i) => this.value(item, b[i]));
  }

  #list(a: readonly Value[], b: readonly Value[]): readonly Value[] {
    if (a === b) return a;
    if (a instanceof GrowingItems && b instanceof GrowingItems && a.length === b.length) {
      return GrowingItems.from(this.#items(a, b));
    }
    if (a instanceof GrowingItems || b instanceof GrowingItems)
      throw unsupported("a list that grows in some rounds only");
    if (a instanceof StackedItems || b instanceof StackedItems || a.length !== b.length) return this.#stacked(a, b);
    return this.#items(a, b);
  }

  /** Lists of different lengths, as one whose length only running the graph tells. */
  #stacked(a: readonly Value[], b: readonly Value[]): StackedItems {
    if (!this.#loose) throw unsupported("a list whose length depends on the values of a tensor");
    const form = commonItemForm(a, b, this.#builder);
    if (form === null) throw unsupported("a list of which nothing tells what its items are");
    const sides = [this.#stack(a, form, this.#whenTrue), this.#stack(b, form, this.#whenFalse)] as const;
    return zipStacks(...sides, (x, y) => this.#tensor(this.#read(x), this.#read(y)));
  }

  #stack(items: readonly Value[], form: ItemForm, arm: ArmState): StackedItems {
    const read = (stack: TensorValue) => this.#builder.wrap(this.#read(stack, arm));
    return inScope(this.#builder, arm.scope, () => {
      const stacked = items instanceof StackedItems;
      const settled = stacked ? mapStacks(items, read) : items.map((item) => this.#settled(item, arm));
      return mapStacks(stackedAs(settled, form, this.#builder), (stack) => this.#builder.copy(stack));
    });
  }

  /** An item as it was when the arm ended. */
  #settled(item: Value, arm: ArmState): Value {
    const read = (tensor: TensorValue) => this.#builder.wrap(this.#read(tensor, arm));
    if (item instanceof TensorValue) return read(item);
    if (item instanceof TupleValue) {
      return new TupleValue(
        item.items.map((part) => this.#settled(part, arm)),
        item.fields,
        item.type,
      );
    }
    if (item instanceof ListValue) {
      item.frozen = true;
      const content = this.#content(arm, item);
      if (content instanceof StackedItems) return new ListValue(mapStacks(content, read));
      return new ListValue(content.map((part) => this.#settled(part, arm)));
    }
    return item instanceof SymbolicScalar ? new SymbolicScalar(item.type, read(item.tensor)) : item;
  }

  #dict(a: DictValue["content"], b: DictValue["content"]): DictValue["content"] {
    if (a.size !== b.size) throw unsupported("a dict whose keys depend on the values of a tensor");
    const merged = new Map<string, readonly [Value, Value]>();
    for (const [key, [name, value]] of a) {
      const other = b.get(key);
      if (other === undefined) throw unsupported("a dict whose keys depend on the values of a tensor");
      merged.set(key, [name, this.value(value, other[1])]);
    }
    return merged;
  }

  #attributes(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
    const merged = new Map(a);
    for (const [name, value] of b) merged.set(name, a.has(name) ? this.value(a.get(name) ?? null, value) : value);
    return merged;
  }

  #read(tensor: TensorValue, arm?: ArmState): GraphValue {
    const found = arm?.values.get(tensor) ?? this.#whenTrue.values.get(tensor) ?? this.#whenFalse.values.get(tensor);
    return found ?? this.#builder.read(tensor);
  }

  #tensor(whenTrue: GraphValue, whenFalse: GraphValue): TensorValue {
    return this.#builder.wrap(this.#graphValue(whenTrue, whenFalse));
  }

  #graphValue(whenTrue: GraphValue, whenFalse: GraphValue): GraphValue {
    if (whenTrue === whenFalse) return whenTrue;
    const [a, b] = this.#ofOneRank(whenTrue, whenFalse);
    if (a !== whenTrue || b !== whenFalse) return this.#graphValue(a, b);
    if (whenTrue.dtype !== whenFalse.dtype || !this.#fits(whenTrue.shape, whenFalse.shape)) {
      throw unsupported(
        "a branch on the values of a tensor whose arms give " +
          `${whenTrue.dtype}[${whenTrue.shape.join(", ")}] and ${whenFalse.dtype}[${whenFalse.shape.join(", ")}]`,
      );
    }
    const { graph } = this.#builder;
    const shape = commonShape(whenTrue.shape, whenFalse.shape);
    const output = new GraphValue(whenTrue.dtype, shape, { name: graph.freshName(), scope: graph.scope });
    this.pairs.push({ output, whenTrue, whenFalse });
    return output;
  }

  /** Arms of different ranks, where one is empty: that one gets the rank of the other. It fails to run if it is not. */
  #ofOneRank(whenTrue: GraphValue, whenFalse: GraphValue): [GraphValue, GraphValue] {
    if (whenTrue.shape.length === whenFalse.shape.length) return [whenTrue, whenFalse];
    if (this.#loose && mayEqual(elementCount(whenFalse.shape), 0) && elementCount(whenTrue.shape) !== 0) {
      return [whenTrue, this.#emptied(whenFalse, whenTrue.shape, this.#whenFalse)];
    }
    if (this.#loose && mayEqual(elementCount(whenTrue.shape), 0)) {
      return [this.#emptied(whenTrue, whenFalse.shape, this.#whenTrue), whenFalse];
    }
    return [whenTrue, whenFalse];
  }

  #emptied(value: GraphValue, shape: readonly number[], { scope }: ArmState): GraphValue {
    const target = shape.map((dim) => (Number.isNaN(dim) ? 0 : dim));
    if (elementCount(target) > 0)
      throw unsupported("a branch on the values of a tensor whose arms give different ranks");
    return inScope(this.#builder, scope, () => {
      const sizes = this.#builder.read(this.#builder.ints(target));
      const { graph } = this.#builder;
      const result = new GraphValue(value.dtype, target, { name: graph.freshName(), scope });
      graph.push("Reshape", [value, sizes], { allowzero: 1 }, [result]);
      return result;
    });
  }

  #scalar(a: Value, b: Value): Value {
    const [first, second] = [asSymbolic(a, this.#builder), asSymbolic(b, this.#builder)];
    if (first === null || second === null || first.type !== second.type) {
      throw unsupported(`a branch on the values of a tensor whose arms give ${kindOf(a)} and ${kindOf(b)}`);
    }
    return new SymbolicScalar(first.type, this.#tensor(this.#read(first.tensor), this.#read(second.tensor)));
  }

  /** A value that only one arm has: the other gives zeros that are never looked at. */
  #only(value: Value, arm: "whenTrue" | "whenFalse"): Value {
    if (value instanceof TensorValue) {
      const read = this.#read(value);
      const shape = read.shape.map((dim) => (Number.isNaN(dim) ? 0 : dim));
      const zeros = this.#builder.read(this.#builder.full(read.dtype, 0n, shape));
      return arm === "whenTrue" ? this.#tensor(read, zeros) : this.#tensor(zeros, read);
    }
    if (value instanceof SymbolicScalar) {
      const tensor = this.#only(value.tensor, arm);
      return tensor instanceof TensorValue ? new SymbolicScalar(value.type, tensor) : value;
    }
    if (value instanceof OptionalValue) {
      const present = this.#only(value.present, arm);
      return present instanceof TensorValue ? new OptionalValue(present, this.#only(value.value, arm)) : value;
    }
    if (value instanceof TupleValue) {
      return new TupleValue(
        value.items.map((item) => this.#only(item, arm)),
        value.fields,
        value.type,
      );
    }
    if (value instanceof ListValue) {
      const state = arm === "whenTrue" ? this.#whenTrue : this.#whenFalse;
      return new ListValue(this.#content(state, value).map((item) => this.#only(item, arm)));
    }
    return value;
  }
}

function mayBeOptionals(a: Value, b: Value): boolean {
  const [x, y] = [a, b].map((value) => (value instanceof OptionalValue ? value.value : value));
  const either = a === null || b === null || a instanceof OptionalValue || b instanceof OptionalValue;
  return either && [x, y].every((value) => value === null || mayBeOptional(value));
}

/** Quantised tensors of two arms are steps of one grid, or beyond us. */
function merged(result: TensorValue, a: TensorValue, b: TensorValue): TensorValue {
  const [whenTrue, whenFalse] = [gridOf(a), gridOf(b)];
  if (whenTrue === null && whenFalse === null) return result;
  if (whenTrue === null || whenFalse === null || !sameGrid(whenTrue, whenFalse)) {
    throw unsupported("a branch on the values of a tensor whose arms are quantised differently");
  }
  return onGrid(result, whenTrue);
}
