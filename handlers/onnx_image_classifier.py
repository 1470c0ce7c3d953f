"""Classifies images with an ONNX model. Packed by model-archiver --handler onnx_image_classifier; needs pillow too.

model-config.yaml, all optional:
    onnx: {intraOpThreads: 2, topK: 5, resize: 256, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
"""

import base64
import io

import numpy as np
import onnx_model
from PIL import Image, UnidentifiedImageError


class OnnxImageClassifier:
    def initialize(self, context):
        self.model = onnx_model.OnnxModel(context)
        self.labels = onnx_model.load_labels(context)
        config = onnx_model.settings(context)
        shape = self.model.inputs[0].shape
        self.channels_last = len(shape) == 4 and shape[3] == 3
        sides = shape[1:3] if self.channels_last else shape[2:4]
        self.height, self.width = (side if isinstance(side, int) else 224 for side in sides)
        self.resize = int(config.get("resize") or round(max(self.height, self.width) * 256 / 224))
        self.mean = np.array(config.get("mean") or [0.485, 0.456, 0.406], np.float32)
        self.std = np.array(config.get("std") or [0.229, 0.224, 0.225], np.float32)
        self.top = int(config.get("topK") or 5)
        self.initialized = True

    def handle(self, requests, context):
        batch = np.stack([self.preprocess(request) for request in requests])
        logits = self.model.run({self.model.inputs[0].name: batch})[0]
        probabilities = onnx_model.softmax(logits.reshape(len(requests), -1).astype(np.float32))
        return [onnx_model.top_labels(row, self.labels, self.top) for row in probabilities]

    def preprocess(self, request):
        """Shorter side to `resize` (bilinear, antialiased), centre crop, then normalised; bytes as they are for uint8."""
        image = read_image(onnx_model.body_of(request))
        scale = self.resize / min(image.size)
        image = image.resize([max(1, int(side * scale)) for side in image.size], Image.BILINEAR)
        left, top = round((image.width - self.width) / 2), round((image.height - self.height) / 2)
        image = image.crop((left, top, left + self.width, top + self.height))
        pixels = np.asarray(image)
        if self.model.dtype() != np.uint8:
            pixels = ((pixels.astype(np.float32) / 255 - self.mean) / self.std).astype(self.model.dtype())
        return pixels if self.channels_last else pixels.transpose(2, 0, 1)


def read_image(body):
    try:
        data = base64.b64decode(body) if isinstance(body, str) else bytes(body)
        return Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, ValueError, TypeError, OSError) as error:
        raise onnx_model.bad_request(f"the body is no image that can be read: {error}") from error
