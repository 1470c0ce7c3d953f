import type { Builder } from "./builder.ts";
import { callMethod } from "./evaluator/calls.ts";
import { createContext } from "./evaluator/evaluator.ts";
import type { Context } from "./evaluator/frame.ts";
import { literalOf } from "./evaluator/attributes.ts";
import { loadTensors, ValueLoader } from "./file/load-values.ts";
import type { Pickled, PickledObject } from "./file/pickled.ts";
import type { TorchScriptFile } from "./file/torchscript-file.ts";
import { invalid } from "./lowering-error.ts";
import { TensorValue } from "./tensor-value.ts";
import { EnumMember, ObjectValue, type Value } from "./value.ts";

/** A module that is ready to be called. */
export interface LoadedModule {
  readonly context: Context;
  readonly module: ObjectValue;
}

/** Loads the tensors of a file (in place where it can be) and its tree of modules. */
export async function loadModule(file: TorchScriptFile, builder: Builder): Promise<LoadedModule> {
  const [own, constant] = await Promise.all([
    loadTensors([file.module], file.zip, "data", builder),
    loadTensors(file.constants, file.zip, "constants", builder),
  ]);
  let context: Context | null = null;
  const contextOf = () => (context ??= createContext(file.program, builder, constants()));
  const loader = new ValueLoader(new Map([...own, ...constant]), (object, pickled, load) =>
    buildObject(contextOf(), object, pickled, load),
  );
  const constants = () => file.constants.map((value) => asNumber(loader.load(value)));
  const module = loader.load(file.module);
  if (!(module instanceof ObjectValue)) throw invalid("data.pkl holds no module");
  return { context: contextOf(), module };
}

/** PyTorch takes a constant without dimensions for a Python number: weak in type promotion. Tracing wrote it as such. */
function asNumber(value: Value): Value {
  if (!(value instanceof TensorValue) || value.rank > 0) return value;
  const { dtype, shape, content } = value;
  return new TensorValue(dtype, shape, content, { wrappedNumber: true });
}

/** Enums become their members; a class with `__setstate__` builds itself. Null: attributes as they are. */
function buildObject(
  context: Context,
  object: ObjectValue,
  pickled: PickledObject,
  load: (value: Pickled) => Value,
): Value | null {
  const definition = context.program.class(pickled.type)?.definition;
  if (definition === undefined) return null;
  if (definition.base === "Enum")
    return enumMember(pickled.type, definition.fields, load(pickled.arguments[0] ?? null));
  if (!definition.methods.has("__setstate__") || !pickled.hasState) return null;
  callMethod(context, object, "__setstate__", [load(pickled.state)]);
  return object;
}

function enumMember(
  type: string,
  fields: readonly { name: string; value: Parameters<typeof literalOf>[0] | null }[],
  value: Value,
): Value {
  const member = fields.find((field) => field.value !== null && literalOf(field.value) === value);
  return new EnumMember(type, member?.name ?? "", value);
}
