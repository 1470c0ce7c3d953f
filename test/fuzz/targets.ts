import { jsonTarget } from "./json-target.ts";
import { onnxTarget } from "./onnx-target.ts";
import { pickleTarget } from "./pickle-target.ts";
import { safetensorsTarget } from "./safetensors-target.ts";
import { tarTarget } from "./tar-target.ts";
import type { Target } from "./target.ts";
import { torchscriptTarget } from "./torchscript-target.ts";
import { zipTarget } from "./zip-target.ts";

/** Every reader that is fuzzed. A new one is a file beside this one and a row here. */
export const targets: readonly Target[] = [
  zipTarget,
  tarTarget,
  pickleTarget,
  onnxTarget,
  safetensorsTarget,
  jsonTarget,
  torchscriptTarget,
];
