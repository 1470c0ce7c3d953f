import type { ValueInfo } from "../graph/graph.ts";
import type { ModelFormat } from "../model/model-format.ts";
import type { Signature } from "../model/signature.ts";
import type { Guess, Guesses } from "./guess.ts";
import type { FoundModel } from "./folder-contents.ts";

interface Circumstances {
  readonly model: FoundModel;
  readonly signature: Signature | null;
  readonly hasLabels: boolean;
  readonly hasVocabulary: boolean;
  /** The only class of this Python file is a PyTorch module. */
  readonly modelFile: string | null;
}

/** What goes into the model, as far as it tells. */
type InputKind = "picture" | "tokens" | "untold" | "other";

/** A handler that TorchServe or this package brings, for a folder without one of its own. */
export function guessBuiltIn(circumstances: Circumstances): Guesses {
  const { model, signature } = circumstances;
  return families[model.format](circumstances, inputKind(signature));
}

function inputKind(signature: Signature | null): InputKind {
  const [first, ...more] = signature?.inputs ?? [];
  if (first === undefined || first.shape === null) return "untold";
  if (first.shape.length === 2 && /^int(32|64)$/.test(first.dtype)) return "tokens";
  return more.length === 0 && isPicture(first) ? "picture" : "other";
}

function isPicture({ dtype, shape }: ValueInfo): boolean {
  return shape?.length === 4 && (shape[1] === 3 || shape[3] === 3) && /^(float|uint8)/.test(dtype);
}

type Family = (circumstances: Circumstances, kind: InputKind) => Guesses;

const families: Readonly<Record<ModelFormat, Family>> = {
  onnx: (circumstances, kind) => guessed([onnxHandler(circumstances, kind)]),
  torchscript(circumstances, kind) {
    const pictures = kind === "picture" || (kind === "untold" && circumstances.hasLabels);
    if (!pictures) return converted(circumstances, kind, "none of TorchServe's own handlers takes such inputs");
    if (!circumstances.model.path.endsWith(".pt")) {
      return converted(circumstances, "picture", "TorchServe's own handlers load TorchScript from a .pt only");
    }
    return guessed([imageClassifier(kind === "picture" ? "a picture goes in" : "there are labels")]);
  },
  "torch-export": (circumstances, kind) => converted(circumstances, kind, "TorchServe's own handlers do not load it"),
  "torch-zip": checkpoint,
  "torch-legacy": checkpoint,
  safetensors: () => needsHandler("TorchServe's own handlers do not load safetensors"),
  pickle: () => needsHandler("TorchServe's own handlers do not load a pickle"),
  unknown: () => needsHandler("the model's format is unknown"),
};

function checkpoint({ hasLabels, modelFile }: Circumstances): Guesses {
  if (modelFile === null) {
    return needsHandler("weights need their class: a Python file whose only class is the PyTorch module");
  }
  const file: Guess = { key: "model.model-file", value: modelFile, reason: "its only class is a PyTorch module" };
  if (hasLabels) return guessed([file, imageClassifier("there are labels, and weights do not tell what goes in")]);
  const { notes } = needsHandler("weights do not tell what goes in");
  return { guesses: [file], notes };
}

function imageClassifier(reason: string): Guess {
  return { key: "handler", value: "image_classifier", reason: `TorchServe's own: ${reason}` };
}

function onnxHandler({ hasVocabulary }: Circumstances, kind: InputKind): Guess {
  const [value, reason] =
    kind === "picture"
      ? ["onnx_image_classifier", "a picture goes in"]
      : kind === "tokens" && hasVocabulary
        ? ["onnx_text_classifier", "token ids go in, and vocab.txt is here"]
        : ["onnx_tensor", "tensors as JSON"];
  return { key: "handler", value, reason: `brought by model-archiver: ${reason}` };
}

function converted(circumstances: Circumstances, kind: InputKind, reason: string): Guesses {
  const guesses: readonly Guess[] = [{ key: "model.convert", value: "onnx", reason }, onnxHandler(circumstances, kind)];
  const notes = kind === "untold" ? ["the model does not tell its inputs: add model.input, such as [1x16]"] : [];
  return { guesses, notes };
}

const guessed = (guesses: readonly Guess[]): Guesses => ({ guesses, notes: [] });

function needsHandler(reason: string): Guesses {
  return { guesses: [], notes: [`no handler fits: ${reason}. Write one and name it under handler`] };
}
