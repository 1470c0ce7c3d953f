import type { Recipe } from "./recipes.ts";

const tiny = (name: string) => ({ fixture: `tiny/${name}` });
const ten = JSON.stringify(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [String(i), `class ${i}`])));
const modelPy = tiny("tiny_model.py");
const base = "from ts.torch_handler.base_handler import BaseHandler\nimport torch\n";
const zeros = "    def preprocess(self, data):\n        return torch.zeros(len(data), 3, 64, 64)\n";

function classifier(name: string, file: string, more: Partial<Recipe> = {}, fixture = file): Recipe {
  return {
    name,
    ...more,
    files: { [file]: tiny(fixture), ...more.files },
    model: { handler: "image_classifier", serializedFile: file, ...more.model },
  };
}

const onnxHandler = `import numpy as np
import onnxruntime
import os
class Handler:
    def initialize(self, context):
        path = os.path.join(context.system_properties["model_dir"], context.manifest["model"]["serializedFile"])
        self.session = onnxruntime.InferenceSession(path)
    def handle(self, data, context):
        name = self.session.get_inputs()[0].name
        (out,) = self.session.run(None, {name: np.zeros((1, 3, 224, 224), dtype=np.float32)})
        return out.tolist()
`;

function onnx(name: string, fixture: string, extra: Recipe["files"] = {}): Recipe {
  const files = { "handler.py": onnxHandler, "model.onnx": tiny(fixture), ...extra };
  return { name, files, model: { handler: "handler.py", serializedFile: "model.onnx" }, depends: "handler/imports" };
}

/** Formats, suffixes, model files, labels. */
export const modelRecipes: readonly Recipe[] = [
  classifier("traced", "tiny_traced.pt"),
  classifier("scripted", "tiny_scripted.pt"),
  classifier("traced with labels", "tiny_traced.pt", { files: { "index_to_name.json": ten } }),
  classifier("labels as lists", "tiny_traced.pt", {
    files: { "index_to_name.json": ten.replaceAll(/"(class \d)"/g, '["n01", "$1"]') },
  }),
  classifier("labels as type names", "tiny_traced.pt", {
    files: {
      "index_to_name.json": JSON.stringify({ object_type_names: Array.from({ length: 10 }, (_, i) => `t${i}`) }),
    },
  }),
  classifier("state dict and model file", "tiny.pth", {
    files: { "tiny_model.py": modelPy },
    model: { modelFile: "tiny_model.py" },
  }),
  classifier("legacy state dict and model file", "tiny_legacy.pth", {
    files: { "tiny_model.py": modelPy },
    model: { modelFile: "tiny_model.py" },
  }),
  classifier("model file alone", "tiny.pth", {
    files: { "tiny_model.py": modelPy },
    model: { modelFile: "tiny_model.py", serializedFile: null },
  }),
  {
    name: "derived from BaseHandler",
    files: { "handler.py": `${base}class Handler(BaseHandler):\n${zeros}`, "tiny_traced.pt": tiny("tiny_traced.pt") },
    model: { handler: "handler.py", serializedFile: "tiny_traced.pt" },
  },
  {
    name: "derived and calls super",
    files: {
      "handler.py": `${base}class Handler(BaseHandler):\n    def initialize(self, context):\n        super().initialize(context)\n${zeros}`,
      "tiny_traced.pt": tiny("tiny_traced.pt"),
    },
    model: { handler: "handler.py", serializedFile: "tiny_traced.pt" },
  },
  {
    name: "derived and loads itself",
    files: {
      "handler.py": `${base}class Handler(BaseHandler):\n    def initialize(self, context):\n        self.context = context\n    def handle(self, data, context):\n        return ["ok"] * len(data)\n`,
      "weights.safetensors": tiny("tiny.safetensors"),
    },
    model: { handler: "handler.py", serializedFile: "weights.safetensors" },
  },
  onnx("ONNX with its handler", "cnn10_static.onnx"),
  onnx("ONNX with external data", "external/model.onnx", { "model.onnx.data": tiny("external/model.onnx.data") }),
  onnx("ONNX without its external data", "external_missing/model.onnx"),
  classifier("ONNX with image_classifier", "cnn10_static.onnx"),
  {
    name: "ONNX with a handler derived from BaseHandler",
    files: {
      "handler.py": `${base}class Handler(BaseHandler):\n${zeros}`,
      "cnn10_static.onnx": tiny("cnn10_static.onnx"),
    },
    model: { handler: "handler.py", serializedFile: "cnn10_static.onnx" },
  },
  classifier("state dict without model file", "tiny.pth"),
  classifier("state dict named pt", "model.pt", {}, "tiny.pth"),
  classifier("pickled module named pt", "tiny_wholemodule.pt"),
  classifier("safetensors", "tiny.safetensors"),
  classifier("torch.export", "tiny.pt2"),
  classifier("TorchScript of another suffix", "model.ts", {}, "tiny_traced.pt"),
  classifier("TorchScript in capitals", "MODEL.PT", {}, "tiny_traced.pt"),
  classifier("TorchScript with a model file", "tiny_traced.pt", {
    files: { "tiny_model.py": modelPy },
    model: { modelFile: "tiny_model.py" },
  }),
  classifier("no serialized file", "tiny_traced.pt", { model: { serializedFile: null } }),
  classifier("serialized file missing", "tiny_traced.pt", { model: { serializedFile: "absent.pt" } }),
  classifier("model file with two classes", "tiny.pth", {
    files: { "m.py": "from torch import nn\nclass A(nn.Module):\n    pass\nclass B(nn.Module):\n    pass\n" },
    model: { modelFile: "m.py" },
  }),
  classifier("model file without class", "tiny.pth", {
    files: { "m.py": "import torch\n" },
    model: { modelFile: "m.py" },
  }),
  classifier("model class needs arguments", "tiny.pth", {
    files: {
      "m.py": "from torch import nn\nclass A(nn.Module):\n    def __init__(self, size):\n        super().__init__()\n",
    },
    model: { modelFile: "m.py" },
  }),
  classifier("labels are a list", "tiny_traced.pt", { files: { "index_to_name.json": '["a", "b"]' } }),
  classifier("labels are numbers", "tiny_traced.pt", { files: { "index_to_name.json": '{"0": 1}' } }),
  classifier("labels are no JSON", "tiny_traced.pt", { files: { "index_to_name.json": "{'0': 'a'}" } }),
  classifier("too few labels", "tiny_traced.pt", { files: { "index_to_name.json": '{"99": "a"}' } }),
  classifier("text_classifier without vocabulary", "tiny_traced.pt", { model: { handler: "text_classifier" } }),
  classifier("base_handler", "tiny_traced.pt", { model: { handler: "base_handler" } }),
];
