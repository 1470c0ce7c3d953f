"""Tensors in, tensors out, with any ONNX model. Packed by model-archiver --handler onnx_tensor.

A request is JSON: {"input_name": [...]}, {"inputs": [...]} or just [...] for a model with one input. Each is one row:
the batch dimension is added here and taken away again. The answer is {"output_name": [...]}.
"""

import json

import numpy as np
import onnx_model


class OnnxTensor:
    def initialize(self, context):
        self.model = onnx_model.OnnxModel(context)
        self.initialized = True

    def handle(self, requests, context):
        rows = [self.preprocess(request) for request in requests]
        feeds = {name: stack(name, [row[name] for row in rows]) for name in rows[0]}
        outputs = self.model.run(feeds)
        return [
            {name: array[i].tolist() for name, array in zip(self.model.outputs, outputs)} for i in range(len(requests))
        ]

    def preprocess(self, request):
        body = parse(onnx_model.body_of(request))
        names = [each.name for each in self.model.inputs]
        if isinstance(body, dict) and "inputs" in body and "inputs" not in names:
            body = body["inputs"]
        if not isinstance(body, dict):
            body = {names[0]: body}
        missing = [name for name in names if name not in body]
        if missing:
            raise onnx_model.bad_request(f"missing inputs: {', '.join(missing)}; the model takes {', '.join(names)}")
        return {each.name: to_array(each, body[each.name]) for each in self.model.inputs}


def parse(body):
    if isinstance(body, (bytes, bytearray, str)):
        try:
            return json.loads(body)
        except ValueError as error:
            raise onnx_model.bad_request(f"the body is no JSON: {error}") from error
    return body


def to_array(declared, value):
    try:
        array = np.asarray(value, dtype=onnx_model.DTYPES[declared.type])
    except (ValueError, TypeError) as error:
        raise onnx_model.bad_request(f"{declared.name} is no {declared.type}: {error}") from error
    wanted = declared.shape[1:]
    fits = len(wanted) == array.ndim and all(not isinstance(d, int) or d == n for d, n in zip(wanted, array.shape))
    if not fits:
        raise onnx_model.bad_request(f"{declared.name} has shape {list(array.shape)}; the model takes {wanted} a row")
    return array


def stack(name, rows):
    if len({row.shape for row in rows}) > 1:
        raise onnx_model.bad_request(f"{name}: the requests of one batch have different shapes; use batchSize 1")
    return np.stack(rows)
