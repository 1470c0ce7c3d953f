import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runMain } from "../support/run-main.ts";
import { askPython, lacksPython } from "./python.ts";

const fixtures = resolve(import.meta.dirname, "../../fixtures");
const models = [
  "tiny/tiny_traced.pt",
  "tiny/tiny.pt2",
  "tiny/cnn10_dynamic_nhw.onnx",
  "tiny/bert_like.onnx",

  "efficientnet-lite0/model.pt",
];
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "export-interop-"));
  for (const model of models) {
    const done = await runMain(["export", join(fixtures, model), "--to", "kserve", "-o", folder, "--force"]);
    expect(done.exitCode, done.stderr).toBe(0);
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The folders of models in the repositories that were written. */
const names = ["tiny_traced", "tiny", "cnn10_dynamic_nhw", "bert_like", "model"];
const modelFolder = (name: string): string => join(folder, name, "model-repository", name);

// The module by its file: the package around it imports gRPC.
const readConfig = `
import importlib.util, json, os, sys, sysconfig
from google.protobuf import json_format, text_format
path = os.path.join(sysconfig.get_paths()["purelib"], "tritonclient", "grpc", "model_config_pb2.py")
spec = importlib.util.spec_from_file_location("model_config_pb2", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
out = []
for name in sys.argv[1:]:
    config = text_format.Parse(open(name).read(), module.ModelConfig())
    out.append(json_format.MessageToDict(config))
print(json.dumps(out))
`;

const lacksTriton = lacksPython("google.protobuf", "tritonclient");
describe.skipIf(lacksTriton !== null)(lacksTriton ?? "Triton's own model_config.proto", () => {
  it("reads every config.pbtxt, with the values that ONNX Runtime says the model has", () => {
    const configs = askPython(
      readConfig,
      names.map((name) => join(modelFolder(name), "config.pbtxt")),
    );
    expect(configs).toMatchObject([
      {
        name: "tiny_traced",
        backend: "onnxruntime",
        input: [{ dataType: "TYPE_FP32", dims: ["1", "3", "224", "224"] }],
      },
      { name: "tiny", output: [{ dims: ["2", "10"] }] },
      { name: "cnn10_dynamic_nhw", maxBatchSize: 8, dynamicBatching: {}, input: [{ dims: ["3", "-1", "-1"] }] },
      { name: "bert_like", maxBatchSize: 8, input: [{ dataType: "TYPE_INT64" }, { dataType: "TYPE_INT64" }] },
      { name: "model" },
    ]);
  });
});

const runModels = `
import json, sys
import numpy as np
import onnxruntime
out = []
for path in sys.argv[1:]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    def feed(value):
        shape = [size if isinstance(size, int) else 3 for size in value.shape]
        if len(shape) == 4: shape = [shape[0], 3, 224, 224]
        return np.zeros(shape, {"tensor(float)": np.float32, "tensor(int64)": np.int64}[value.type])
    inputs = {value.name: feed(value) for value in session.get_inputs()}
    results = session.run(None, inputs)
    out.append({
        "inputs": [value.name for value in session.get_inputs()],
        "outputs": [value.name for value in session.get_outputs()],
        "finite": all(bool(np.isfinite(result).all()) for result in results),
    })
print(json.dumps(out))
`;

const lacksRuntime = lacksPython("onnxruntime");
describe.skipIf(lacksRuntime !== null)(lacksRuntime ?? "Python's onnxruntime", () => {
  it("runs what lies in the repositories", () => {
    const paths = names.map((name) => join(modelFolder(name), "1", "model.onnx"));
    const ran = askPython(runModels, paths);
    expect(ran).toEqual(names.map(() => expect.objectContaining({ finite: true })));
  });
});

const checkModels = `
import json, sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
print(json.dumps(len(sys.argv) - 1))
`;

const lacksOnnx = lacksPython("onnx");
describe.skipIf(lacksOnnx !== null)(lacksOnnx ?? "onnx.checker", () => {
  it("finds every model sound, shapes inferred", () => {
    const paths = names.map((name) => join(modelFolder(name), "1", "model.onnx"));
    expect(askPython(checkModels, paths)).toBe(names.length);
  });
});

/** KServe's sources, as Go fetches them: its resource definitions are in them. */
const kserve =
  process.env["MODEL_ARCHIVER_TEST_KSERVE"] ?? join(homedir(), "go/pkg/mod/github.com/kserve/kserve@v0.15.2");

const lacksKserve = existsSync(join(kserve, "config/crd/full")) ? null : "skipped: needs the sources of KServe 0.15.2";
describe.skipIf(lacksKserve !== null)(lacksKserve ?? "KServe's resource definition", () => {
  it("takes the InferenceService, and no field that it does not know", () => {
    const definition = parse(
      readFileSync(join(kserve, "config/crd/full/serving.kserve.io_inferenceservices.yaml"), "utf8"),
    );
    const [version] = definition.spec.versions;
    const { spec } = version.schema.openAPIV3Schema.properties;
    // The whole predictor is every field of a pod, which takes ten seconds to compile: what we write is enough.
    const { model } = spec.properties.predictor.properties;
    const fits = new Ajv({ strict: false, validateFormats: false }).compile(closed(model));
    const service = parse(readFileSync(join(folder, "tiny_traced", "inference-service.yaml"), "utf8"));
    expect(service).toMatchObject({
      apiVersion: `serving.kserve.io/${version.name}`,
      kind: definition.spec.names.kind,
    });
    expect(Object.keys(service.spec.predictor)).toEqual(["model"]);
    expect(fits(service.spec.predictor.model), JSON.stringify(fits.errors)).toBe(true);
    expect(fits({ ...service.spec.predictor.model, storageURI: "s3://m" })).toBe(false);
  });

  it("has the runtime that it names, for ONNX and the protocol", () => {
    const runtime = parse(readFileSync(join(kserve, "config/runtimes/kserve-tritonserver.yaml"), "utf8"));
    const service = parse(readFileSync(join(folder, "tiny_traced", "inference-service.yaml"), "utf8"));
    const { modelFormat, protocolVersion, runtime: name } = service.spec.predictor.model;
    expect(runtime.metadata.name).toBe(name);
    expect(runtime.spec.protocolVersions).toContain(protocolVersion);
    expect(runtime.spec.supportedModelFormats).toContainEqual(expect.objectContaining(modelFormat));
  });
});

/** A structural schema drops what it does not know; for a test it is an error. */
function closed(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema as never;
  const open = Object.entries(schema);
  const copy = Object.fromEntries(open.map(([key, value]) => [key, typeof value === "object" ? closed(value) : value]));
  const isFields = typeof copy["properties"] === "object" && copy["type"] === "object";
  const known = "additionalProperties" in copy || "x-kubernetes-preserve-unknown-fields" in copy;
  return isFields && !known ? { ...copy, additionalProperties: false } : copy;
}
