// The models to judge: ResNet-50 where Python has PyTorch and torchvision, else the small models of fixtures/.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { python } from "./peers.js";

const fixtures = join(import.meta.dirname, "../fixtures");

/** Traced, exported to ONNX by PyTorch itself, and the weights alone as people save them. */
const makeResnet = `
import sys, torch, torchvision
folder = sys.argv[1]
torch.manual_seed(0)
model = torchvision.models.resnet50().eval()
example = torch.zeros(1, 3, 224, 224)
torch.jit.trace(model, example).save(folder + "/resnet50.pt")
torch.onnx.export(model, example, folder + "/resnet50.onnx", opset_version=13)
torch.save(model.state_dict(), folder + "/resnet50_weights.pt")
`;

/** A file of raw fp32 numbers as a state dict of 64 tensors. */
const makeStateDict = `
import os, sys, torch
numbers = torch.from_file(sys.argv[1], size=os.path.getsize(sys.argv[1]) // 4, dtype=torch.float32)
torch.save({f"layer{i}.weight": part.clone() for i, part in enumerate(numbers.chunk(64))}, sys.argv[2])
`;

const run = (program, ...args) => spawnSync(python, ["-c", program, ...args], { stdio: "ignore" }).status === 0;

/** Models that need no making. @type {Models} */
export const fixtureModels = {
  name: "EfficientNet-Lite0",
  onnx: join(fixtures, "efficientnet-lite0/model.onnx"),
  torchscript: join(fixtures, "efficientnet-lite0/model.pt"),
  weights: null,
};

/**
 * @typedef {{ name: string, onnx: string, torchscript: string, weights: string | null }} Models paths
 * @returns {Models}
 */
export function makeModels(/** @type {string} */ folder) {
  const resnet = join(folder, "resnet50");
  mkdirSync(resnet, { recursive: true });
  if (run(makeResnet, resnet)) {
    const at = (file) => join(resnet, file);
    return {
      name: "ResNet-50",
      onnx: at("resnet50.onnx"),
      torchscript: at("resnet50.pt"),
      weights: at("resnet50_weights.pt"),
    };
  }
  return { ...fixtureModels, name: `${fixtureModels.name} (no PyTorch and torchvision for ResNet-50)` };
}

/** The name of the weights' file: a state dict where PyTorch can write one, else the numbers as they are. */
export function packWeights(/** @type {string} */ folder) {
  if (!run(makeStateDict, join(folder, "weights.bin"), join(folder, "weights.pt"))) return "weights.bin";
  rmSync(join(folder, "weights.bin"));
  return "weights.pt";
}
