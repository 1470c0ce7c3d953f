/** What a model file is, told by its content and never by its name. */
export type ModelFormat =
  | "onnx"
  /** `torch.jit.save`: a ZIP with `constants.pkl` and `code/`. */
  | "torchscript"
  /** `torch.export.save`: `.pt2`. */
  | "torch-export"
  /** `torch.save`: a ZIP with `data.pkl` and no code. */
  | "torch-zip"
  /** `torch.save` before 1.6: five pickles, then raw storages. */
  | "torch-legacy"
  | "safetensors"
  | "pickle"
  | "unknown";

/** For people. */
export const formatNames: Readonly<Record<ModelFormat, string>> = {
  onnx: "ONNX",
  torchscript: "TorchScript",
  "torch-export": "torch.export",
  "torch-zip": "PyTorch checkpoint",
  "torch-legacy": "PyTorch checkpoint (before 1.6)",
  safetensors: "safetensors",
  pickle: "pickle",
  unknown: "unknown format",
};
