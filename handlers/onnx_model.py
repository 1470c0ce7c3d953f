"""Runs the archive's ONNX model for the handlers beside it. Packed by model-archiver; needs numpy and onnxruntime."""

import json
import os

import numpy as np

# onnxruntime reports its use to its maker unless told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime  # noqa: E402

try:
    from ts.utils.util import PredictionException
except ImportError:  # outside of TorchServe, in unit tests

    class PredictionException(Exception):
        def __init__(self, message, error_code=500):
            self.message, self.error_code = message, error_code
            super().__init__(message)


DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


def bad_request(message):
    """The client gets 400 and this sentence."""
    return PredictionException(message, 400)


def settings(context):
    """The section `onnx` of model-config.yaml, or nothing."""
    config = getattr(context, "model_yaml_config", None) or {}
    section = config.get("onnx") or {}
    if not isinstance(section, dict):
        raise ValueError("model-config.yaml: `onnx` must be a mapping")
    return section


class OnnxModel:
    """The session, with the batch dimension that the model allows."""

    def __init__(self, context):
        folder = context.system_properties["model_dir"]
        file = context.manifest["model"].get("serializedFile")
        if not file or not os.path.isfile(os.path.join(folder, file)):
            raise FileNotFoundError(f"the manifest names the model {file!r}, which is not in the archive")
        config = settings(context)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(config.get("intraOpThreads") or os.environ.get("OMP_NUM_THREADS") or 0)
        options.inter_op_num_threads = int(config.get("interOpThreads") or 1)
        providers = config.get("providers") or ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(os.path.join(folder, file), options, providers=providers)
        self.inputs = self.session.get_inputs()
        self.outputs = [output.name for output in self.session.get_outputs()]

    def dtype(self, index=0):
        return DTYPES[self.inputs[index].type]

    def fixed_batch(self):
        """The batch size that the model was exported with, or None when it takes any."""
        sizes = [each.shape[0] for each in self.inputs if each.shape]
        fixed = [size for size in sizes if isinstance(size, int)]
        return fixed[0] if fixed else None

    def run(self, feeds):
        """Arrays by input name, rows first, to arrays in the order of the outputs. Splits and pads to a fixed batch."""
        rows = len(next(iter(feeds.values())))
        fixed = self.fixed_batch()
        if fixed is None or fixed == rows:
            return self.session.run(None, feeds)
        parts = []
        for start in range(0, rows, fixed):
            part = {name: pad_rows(array[start : start + fixed], fixed) for name, array in feeds.items()}
            parts.append(self.session.run(None, part))
        return [np.concatenate(arrays)[:rows] for arrays in zip(*parts)]


def pad_rows(array, rows):
    """Repeats the last row until there are `rows`."""
    missing = rows - len(array)
    return array if missing == 0 else np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def body_of(request):
    """The bytes, text or JSON of one request of a batch; TorchServe puts form fields and bodies under these names."""
    body = request.get("data")
    if body is None:
        body = request.get("body")
    if body is None:
        raise bad_request("the request has no body")
    return body


def load_labels(context):
    """index_to_name.json as a list by index, or None: `{"0": "tench"}`, `{"0": ["n01440764", "tench"]}`."""
    path = os.path.join(context.system_properties["model_dir"], "index_to_name.json")
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        mapping = json.load(file)
    if not isinstance(mapping, dict):
        raise ValueError('index_to_name.json must be an object: {"0": "first label", …}')
    if isinstance(mapping.get("object_type_names"), list):
        mapping = dict(enumerate(mapping["object_type_names"]))
    return {int(index): name[-1] if isinstance(name, list) else name for index, name in mapping.items()}


def top_labels(probabilities, labels, count):
    """The most likely labels with their probabilities, in the form that TorchServe's own classifier answers in."""
    best = np.argsort(-probabilities)[: min(count, len(probabilities))]
    return {(labels or {}).get(int(i), str(int(i))): float(probabilities[i]) for i in best}
