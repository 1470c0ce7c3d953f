import type { ValueInfo } from "../graph/graph.ts";
import { dummyInputs, type DummyOptions, type LoadedTensor, type ResolvedSpec } from "../runtime/dummy-input.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";
import { jsonTensors } from "./json-tensor.ts";
import { pictureLayout, preparePicture } from "./prepare-picture.ts";
import type { NamedTensor, SampleFile } from "./sample-file.ts";

/** What the model is called with for a sample, and how that was made of the file. */
export interface SampleInputs {
  readonly inputs: readonly RuntimeInput[];
  readonly preprocessing: string;
}

/** A sample that the model cannot take, with what to give instead. */
export interface Misfit {
  readonly misfit: string;
  readonly remedy: string;
}

/** The input of a program that does not tell its own: what image_classifier feeds. */
const photograph: ValueInfo = { name: "", dtype: "float32", shape: [1, 3, 224, 224] };

/** Prepares a sample for the inputs that the model declares; inputs that the sample has nothing for are made up. */
export function sampleInputs(
  { name, content }: SampleFile,
  declared: readonly ValueInfo[],
  options: DummyOptions,
): SampleInputs | Misfit {
  const inputs = declared.length > 0 ? declared : [photograph];
  switch (content.kind) {
    case "picture": {
      const place = inputs.findIndex((input) => pictureLayout(input) !== null);
      const layout = pictureLayout(inputs[place] ?? photograph);
      if (place < 0 || layout === null) return misfit(`${name} is a picture, and no input of the model takes one`);
      const { tensor, preprocessing } = preparePicture(content.picture, layout);
      return filled([{ name: inputs[place]?.name || null, tensor }], name, inputs, options, preprocessing);
    }
    case "tensors":
      return filled(content.tensors, name, inputs, options, "none");
    case "json": {
      const tensors = jsonTensors(content.value, inputs);
      return typeof tensors === "string"
        ? misfit(`${name}: ${tensors}`)
        : filled(tensors, name, inputs, options, "none");
    }
    case "text":
      return textInputs(content.text, name, inputs, options);
  }
}

function textInputs(
  text: string,
  name: string,
  inputs: readonly ValueInfo[],
  options: DummyOptions,
): SampleInputs | Misfit {
  const taker = inputs.find((input) => input.dtype === "string");
  if (taker === undefined) {
    return {
      misfit: `${name} is text, and the model takes numbers: its handler turns text into tokens`,
      remedy: 'Give the tokens: a .json such as {"input_ids": [[101, 7592, 102]]}, a .npy, or a .npz.',
    };
  }
  const shape = (taker.shape ?? [1]).map(() => 1);
  const tensor = { dtype: "string", shape, bytes: Buffer.from(text) } as const;
  return filled([{ name: taker.name || null, tensor }], name, inputs, options, "the text as one string");
}

function misfit(message: string): Misfit {
  return { misfit: message, remedy: "model-archiver inspect shows what the model takes." };
}

function filled(
  tensors: readonly NamedTensor[],
  file: string,
  inputs: readonly ValueInfo[],
  options: DummyOptions,
  preprocessing: string,
): SampleInputs | Misfit {
  const specs = tensors.map(({ name, tensor }): ResolvedSpec => ({
    kind: "file",
    name,
    path: file,
    tensor: withBatch(tensor, name, inputs),
  }));
  const values = dummyInputs(inputs, specs, options);
  if (typeof values === "string") return misfit(`${file}: ${values}`);
  // A program's inputs go by position: names that lowering made up are not its own.
  return { inputs: values.map((value) => (value.name === "" ? { ...value, name: null } : value)), preprocessing };
}

/** A single example gets the dimension of the batch, where that is all it lacks. */
function withBatch(tensor: LoadedTensor, name: string | null, inputs: readonly ValueInfo[]): LoadedTensor {
  const input = name === null ? inputs[0] : inputs.find((each) => each.name === name);
  return input?.shape?.length === tensor.shape.length + 1 ? { ...tensor, shape: [1, ...tensor.shape] } : tensor;
}
