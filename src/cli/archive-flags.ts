import { runtimes } from "../manifest/fields.ts";
import { archiveFormats } from "../pack/recipe.ts";

export interface Flag {
  readonly name: `--${string}`;
  readonly short?: `-${string}`;
  /** How the help calls its value; without one it is a switch. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly repeatable?: true;
  readonly required?: true;
  readonly help: string;
}

/** torch-model-archiver 0.12.0's flags, with its meaning. A prefix of one of them means it, whatever ours are called. */
export const classicFlags: readonly Flag[] = [
  { name: "--model-name", value: "name", required: true, help: "name of the model, and of the output" },
  { name: "--serialized-file", value: "file", help: "weights or program: TorchScript, ONNX, state dict, …" },
  { name: "--model-file", value: "file", help: "Python file with the model's class, for eager mode" },
  {
    name: "--handler",
    value: "handler",
    required: true,
    help:
      "Python file, file:function, one of TorchServe's own, or for ONNX models one of ours: " +
      "onnx_image_classifier, onnx_text_classifier, onnx_tensor (the server then needs onnxruntime)",
  },
  {
    name: "--extra-files",
    value: "list",
    repeatable: true,
    help: "files, folders, wildcards or name-in-archive=path, separated by commas (repeatable)",
  },
  { name: "--runtime", value: "runtime", choices: runtimes, help: "what executes the handler; python when left out" },
  { name: "--export-path", value: "folder", help: "where the output goes (default: here)" },
  {
    name: "--archive-format",
    value: "format",
    choices: archiveFormats,
    help: "default and zip-store write .mar, tgz .tar.gz, no-archive a folder",
  },
  { name: "--force", short: "-f", help: "replace an existing output" },
  { name: "--version", short: "-v", value: "version", required: true, help: "the model's version" },
  { name: "--requirements-file", short: "-r", value: "file", help: "Python requirements of the handler" },
  { name: "--config-file", short: "-c", value: "file", help: "model-config.yaml" },
];

export const ownFlags: readonly Flag[] = [
  { name: "--keep-directories", help: "extra files keep their folders" },
  {
    name: "--include",
    value: "pattern",
    repeatable: true,
    help: "pack what looks like a secret or rubbish (repeatable)",
  },
  {
    name: "--sample",
    value: "file",
    repeatable: true,
    help: "record what the model makes of this example; every later verify runs it again (repeatable)",
  },
  { name: "--expect", value: "label", help: "with --sample: the label that must come first" },
  { name: "--from", value: "archive", help: "pack an existing archive again, with whatever else is given" },
  {
    name: "--convert",
    value: "format",
    choices: ["onnx"],
    help: "pack a TorchScript or torch.export model as ONNX, by default with --handler onnx_image_classifier",
  },
  {
    name: "--input",
    value: "spec",
    repeatable: true,
    help: "with --convert: [name=]shape[:dtype], where the model recorded no inputs (repeatable)",
  },
  {
    name: "--spec",
    value: "file",
    help: "take what is left out from this file (default: model-archiver.yaml, if there is one)",
  },
  { name: "--no-spec", help: "leave model-archiver.yaml alone" },
  { name: "--tensor-digests", help: "record the digest of each tensor, so that diff need not compute them" },
  { name: "--bom", help: "pack a CycloneDX bill of materials of the archive, MAR-INF/bom.cdx.json" },
  { name: "--sign", value: "key", help: "sign the output with this private key in PEM, to <output>.sig" },
  { name: "--password-file", value: "file", help: "with --sign: the key's password, in its first line" },
  { name: "--certificate", value: "file", help: "with --sign: the key's certificate and those above it, in PEM" },
  { name: "--created-on", value: "when", help: "now, or an ISO 8601 date (default: the newest input's)" },
  { name: "--dry-run", help: "print what would be packed, write nothing" },
  { name: "--verify", help: "run verify on what was written" },
  { name: "--json", help: "print one JSON document" },
  { name: "--quiet", help: "print nothing but errors" },
];

/** The command's flags in the order of the help. */
export const archiveFlags: readonly Flag[] = [...classicFlags, ...ownFlags];
