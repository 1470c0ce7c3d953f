import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArchive } from "../../src/archive/open.ts";
import { archive } from "../../src/pack/pack.ts";
import { readRecordedTensors, recordedTensorsPath } from "../../src/tensors/recorded-tensors.ts";
import { askPython, lacksPython } from "./python.ts";

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "tensors-interop-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Digest by name, as `archive --tensor-digests` records them. */
async function recorded(file: string): Promise<Readonly<Record<string, string>>> {
  const recipe = { modelName: "m", version: "1", handler: "image_classifier", exportPath: folder, force: true };
  const { path } = await archive({ ...recipe, serializedFile: join(folder, file), tensorDigests: true });
  const opened = await openArchive(path);
  try {
    const entry = opened.entries.find((one) => one.path === recordedTensorsPath);
    if (entry === undefined) throw new Error("no record");
    const source = await opened.open(entry);
    const text = Buffer.from(await source.read(0, source.size)).toString("utf8");
    const tensors = readRecordedTensors(text).get(file)?.tensors ?? [];
    return Object.fromEntries(tensors.map(({ name, sha256 }) => [name, sha256]));
  } finally {
    await opened.close();
  }
}

// A view's elements in the order of their storage: what is expanded once, the widest step first.
const saveTorch = `
import hashlib, json, os, sys, torch
folder = sys.argv[1]
torch.manual_seed(0)
def digest(tensor):
    axes = [axis for axis in range(tensor.dim()) if tensor.stride(axis) != 0 or tensor.size(axis) == 1]
    for axis in reversed(range(tensor.dim())):
        if axis not in axes: tensor = tensor.select(axis, 0)
    order = sorted(range(tensor.dim()), key=lambda axis: -tensor.stride(axis))
    array = tensor.permute(order).contiguous()
    return hashlib.sha256(array.view(torch.uint8).numpy().tobytes() if array.dim() > 0 else array.numpy().tobytes()).hexdigest()
big = torch.randn(64, 48)
state = {
    "plain": torch.randn(7, 5), "scalar": torch.tensor(2.5), "none": torch.zeros(0, 3),
    "half": torch.randn(9).half(), "brain": torch.randn(4, 4).bfloat16(), "long": torch.arange(10), "flag": torch.tensor([True, False]),
    "transposed": big.t(), "rows": big[8:24], "columns": big[:, 5:9], "every third": big[::3], "permuted": torch.randn(2, 3, 4).permute(2, 0, 1),
    "expanded": torch.randn(3, 1).expand(3, 6), "large": torch.randn(1200, 1000), "tied": big,
}
torch.save(state, os.path.join(folder, "state.pth"))
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(48, 6)
        self.fc.weight = torch.nn.Parameter(torch.randn(48, 6).t())
        self.blocks = torch.nn.ModuleList([torch.nn.Conv1d(6, 6, 1), torch.nn.BatchNorm1d(6)])
        self.register_buffer("offset", torch.randn(6))
    def forward(self, x):
        y = self.fc(x) + self.offset
        for block in self.blocks: y = block(y.unsqueeze(2)).squeeze(2) if isinstance(block, torch.nn.Conv1d) else block(y)
        return y
net = Net().eval()
torch.jit.trace(net, torch.randn(2, 48)).save(os.path.join(folder, "traced.pt"))
program = {name: digest(tensor.detach()) for name, tensor in list(net.named_parameters()) + list(net.named_buffers())}
print(json.dumps({"state": {name: digest(tensor) for name, tensor in state.items()}, "program": program}))
`;

const lacksTorch = lacksPython("torch", "numpy");
describe.skipIf(lacksTorch !== null)(lacksTorch ?? "digests of tensors that a real PyTorch saved", () => {
  it("are those of their elements, whatever the view", async () => {
    const expected = askPython(saveTorch, [folder]);
    expect({ state: await recorded("state.pth") }).toEqual({ state: Reflect.get(Object(expected), "state") });
    expect(await recorded("traced.pt")).toMatchObject(Object(Reflect.get(Object(expected), "program")));
  }, 60_000);
});

const saveOnnx = `
import hashlib, json, os, sys, numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
folder = sys.argv[1]
rng = np.random.default_rng(0)
arrays = {"raw": rng.standard_normal((30, 40)).astype(np.float32), "half": rng.standard_normal(12).astype(np.float16), "outside": rng.standard_normal((50, 50)).astype(np.float32)}
tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
typed = rng.standard_normal(9).astype(np.float32)
tensors.append(helper.make_tensor("typed", TensorProto.FLOAT, [9], typed.tolist()))
constant = numpy_helper.from_array(np.float32([1, 2, 3]), "ignored")
nodes = [helper.make_node("Constant", [], ["constant"], value=constant), helper.make_node("Identity", ["raw"], ["y"])]
graph = helper.make_graph(nodes, "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [30, 40])], initializer=tensors)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.external_data_helper.set_external_data(graph.initializer[2], "weights.bin")
onnx.save(model, os.path.join(folder, "model.onnx"))
digest = lambda array: hashlib.sha256(array.tobytes()).hexdigest()
print(json.dumps({**{name: digest(array) for name, array in arrays.items()}, "typed": digest(typed), "constant": digest(np.float32([1, 2, 3]))}))
`;

const lacksOnnx = lacksPython("onnx", "numpy");
describe.skipIf(lacksOnnx !== null)(lacksOnnx ?? "digests of tensors that Python's onnx saved", () => {
  it("are those of their elements: raw, typed, in a node, in external data", async () => {
    const expected = askPython(saveOnnx, [folder]);
    expect(await recorded("model.onnx")).toEqual(expected);
  }, 60_000);
});
