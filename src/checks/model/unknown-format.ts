import { type Check, notApplicable } from "../check.ts";

export const unknownFormat: Check = {
  id: "model/unknown-format",
  title: "File is a model or an archive",
  severity: "error",
  why: "Neither a server nor a runtime can do anything with a file that is no archive and no model.",
  remedy: "Give a .mar, .tar.gz, folder, or a model file (ONNX, TorchScript, torch.export, safetensors, PyTorch).",
  async *run(subject) {
    if (subject.archive.container !== "bare") return notApplicable;
    const model = await subject.model();
    if (model === null || model.format === "unknown") {
      const { size } = subject.archive;
      const message =
        size === 0 ? "The file is empty" : "Neither an archive nor a model: its content is of no known format";
      yield { message, at: null };
    }
  },
};
