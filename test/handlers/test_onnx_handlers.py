"""The handlers that archives can carry, on real models: python -m unittest discover test/handlers"""

import json
import os
import shutil
import sys
import tempfile
import types
import unittest

import numpy as np

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(root, "handlers"))
fixtures = os.path.join(root, "fixtures")

import onnx_image_classifier  # noqa: E402
import onnx_model  # noqa: E402
import onnx_tensor  # noqa: E402
import onnx_text_classifier  # noqa: E402


class HandlerCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def context(self, model, config=None, files=None):
        shutil.copy(os.path.join(fixtures, model), os.path.join(self.folder, "model.onnx"))
        for name, text in (files or {}).items():
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        return types.SimpleNamespace(
            system_properties={"model_dir": self.folder},
            manifest={"model": {"serializedFile": "model.onnx"}},
            model_yaml_config={"onnx": config or {}},
        )

    def start(self, handler, context):
        handler.initialize(context)
        return handler, context

    def refused(self, handler, context, body):
        with self.assertRaises(onnx_model.PredictionException) as caught:
            handler.handle([{"body": body}], context)
        self.assertEqual(caught.exception.error_code, 400)
        return caught.exception.message


class ImageClassifier(HandlerCase):
    def photographs(self):
        for name in ("cat.jpg", "coffee.jpg"):
            with open(os.path.join(fixtures, "efficientnet-lite0", name), "rb") as file:
                yield {"body": bytearray(file.read())}

    def test_photographs_in_one_batch(self):
        context = self.context("efficientnet-lite0/model.onnx")
        shutil.copy(os.path.join(fixtures, "efficientnet-lite0", "index_to_name.json"), self.folder)
        handler, context = self.start(onnx_image_classifier.OnnxImageClassifier(), context)
        with open(os.path.join(fixtures, "efficientnet-lite0", "golden.json"), encoding="utf-8") as file:
            golden = json.load(file)["images"]
        answers = handler.handle(list(self.photographs()), context)
        for answer, expected in zip(answers, golden.values()):
            self.assertEqual(list(answer), [row["label"] for row in expected])
            for row in expected:
                self.assertAlmostEqual(answer[row["label"]], row["probability"], delta=0.001)

    def test_fixed_batch_is_padded(self):
        handler, context = self.start(
            onnx_image_classifier.OnnxImageClassifier(), self.context("tiny/cnn10_batch4.onnx", {"topK": 2})
        )
        one, two = list(self.photographs())
        alone = handler.handle([one], context)
        both = handler.handle([one, two, one, two, one], context)
        self.assertEqual([len(each) for each in both], [2, 2, 2, 2, 2])
        for label, probability in alone[0].items():
            self.assertAlmostEqual(both[4][label], probability, places=5)

    def test_bytes_model_gets_bytes(self):
        handler, context = self.start(onnx_image_classifier.OnnxImageClassifier(), self.context("tiny/uint8_nhwc.onnx"))
        self.assertTrue(handler.channels_last)
        self.assertEqual(handler.preprocess(next(self.photographs())).dtype, np.uint8)

    def test_no_image(self):
        handler, context = self.start(onnx_image_classifier.OnnxImageClassifier(), self.context("tiny/cnn1000.onnx"))
        self.assertIn("no image", self.refused(handler, context, b"GIF?"))

    def test_threads(self):
        context = self.context("tiny/cnn1000.onnx", {"intraOpThreads": 3})
        model = onnx_model.OnnxModel(context)
        self.assertEqual(model.session.get_session_options().intra_op_num_threads, 3)

    def test_missing_model(self):
        context = self.context("tiny/cnn1000.onnx")
        context.manifest["model"]["serializedFile"] = "other.onnx"
        with self.assertRaisesRegex(FileNotFoundError, "other.onnx"):
            onnx_model.OnnxModel(context)

    def test_labels(self):
        context = self.context("tiny/cnn1000.onnx", files={"index_to_name.json": '{"0": ["n0", "tench"], "1": "shark"}'})
        self.assertEqual(onnx_model.load_labels(context), {0: "tench", 1: "shark"})


class Tensor(HandlerCase):
    def test_rows_of_a_batch(self):
        handler, context = self.start(onnx_tensor.OnnxTensor(), self.context("tiny/bert_like.onnx"))
        row = {"input_ids": [1, 2, 3], "attention_mask": [1, 1, 1]}
        answers = handler.handle([{"body": json.dumps(row).encode()}, {"body": {"inputs": row}}], context)
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(set(answers[0]), set(handler.model.outputs))

    def test_bad_requests(self):
        handler, context = self.start(onnx_tensor.OnnxTensor(), self.context("tiny/bert_like.onnx"))
        self.assertIn("no JSON", self.refused(handler, context, b"{"))
        self.assertIn("attention_mask", self.refused(handler, context, {"input_ids": [1]}))
        self.assertIn("shape", self.refused(handler, context, {"input_ids": [[1]], "attention_mask": [1]}))
        self.assertIn("no tensor(int64)", self.refused(handler, context, {"input_ids": ["x"], "attention_mask": [1]}))
        self.assertIn("no body", self.refused(handler, context, None))


class TextClassifier(HandlerCase):
    vocabulary = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "play", "##ing", ",", "cafe"])

    def test_word_pieces(self):
        context = self.context("tiny/bert_like.onnx", files={"vocab.txt": self.vocabulary})
        handler, context = self.start(onnx_text_classifier.OnnxTextClassifier(), context)
        self.assertEqual(handler.encode("Good, playing CAFÉ zzz"), [2, 4, 7, 5, 6, 8, 1, 3])
        handler.length = 4
        self.assertEqual(handler.encode("good good good good"), [2, 4, 4, 3])

    def test_texts_of_different_length(self):
        context = self.context("tiny/bert_like.onnx", {"topK": 1}, {"vocab.txt": self.vocabulary})
        handler, context = self.start(onnx_text_classifier.OnnxTextClassifier(), context)
        answers = handler.handle([{"data": b"good"}, {"body": {"text": "good, playing"}}], context)
        self.assertEqual([len(answer) for answer in answers], [1, 1])
        self.assertIn("text", self.refused(handler, context, {"words": 1}))

    def test_logits_are_found_by_name(self):
        context = self.context("tiny/bert_like.onnx", {"topK": 5}, {"vocab.txt": self.vocabulary})
        handler, context = self.start(onnx_text_classifier.OnnxTextClassifier(), context)
        answer = handler.handle([{"data": b"good"}], context)[0]
        self.assertEqual(sorted(answer), ["0", "1"])
        self.assertAlmostEqual(sum(answer.values()), 1, places=4)

    def test_vocabulary_is_needed(self):
        with self.assertRaisesRegex(FileNotFoundError, "--extra-files vocab.txt"):
            onnx_text_classifier.OnnxTextClassifier().initialize(self.context("tiny/bert_like.onnx"))


if __name__ == "__main__":
    unittest.main()
