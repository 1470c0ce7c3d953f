"""Classifies text with an ONNX model of the BERT family. Packed by model-archiver --handler onnx_text_classifier.

Needs vocab.txt (WordPiece, one token a line) in the archive: --extra-files vocab.txt.
model-config.yaml, all optional: onnx: {intraOpThreads: 2, topK: 5, maxLength: 128, lowerCase: true}
"""

import json
import os
import unicodedata

import numpy as np
import onnx_model

LONGEST_WORD = 100


class OnnxTextClassifier:
    def initialize(self, context):
        self.model = onnx_model.OnnxModel(context)
        self.labels = onnx_model.load_labels(context)
        config = onnx_model.settings(context)
        self.top = int(config.get("topK") or 5)
        self.length = int(config.get("maxLength") or 128)
        self.lower_case = bool(config.get("lowerCase", True))
        self.vocabulary = load_vocabulary(context.system_properties["model_dir"])
        outputs = self.model.outputs
        self.logits = outputs.index("logits") if "logits" in outputs else 0
        self.initialized = True

    def handle(self, requests, context):
        rows = [self.encode(text_of(onnx_model.body_of(request))) for request in requests]
        width = max(len(row) for row in rows)
        ids = np.full((len(rows), width), self.vocabulary.get("[PAD]", 0), np.int64)
        mask = np.zeros((len(rows), width), np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        logits = self.model.run(self.feeds(ids, mask))[self.logits]
        probabilities = onnx_model.softmax(logits.reshape(len(rows), -1).astype(np.float32))
        return [onnx_model.top_labels(row, self.labels, self.top) for row in probabilities]

    def feeds(self, ids, mask):
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feeds = {}
        for i, declared in enumerate(self.model.inputs):
            array = known.get(declared.name, ids if i == 0 else mask)
            feeds[declared.name] = array.astype(self.model.dtype(i))
        return feeds

    def encode(self, text):
        unknown = self.vocabulary["[UNK]"]
        pieces = [piece for word in split_words(text, self.lower_case) for piece in self.word_pieces(word)]
        tokens = ["[CLS]", *pieces[: self.length - 2], "[SEP]"]
        return [self.vocabulary.get(token, unknown) for token in tokens]

    def word_pieces(self, word):
        """The longest known prefix, again and again; a word without one is unknown as a whole."""
        if len(word) > LONGEST_WORD:
            return ["[UNK]"]
        pieces, start = [], 0
        while start < len(word):
            end = len(word)
            while end > start and ("##" if start else "") + word[start:end] not in self.vocabulary:
                end -= 1
            if end == start:
                return ["[UNK]"]
            pieces.append(("##" if start else "") + word[start:end])
            start = end
        return pieces


def load_vocabulary(folder):
    path = os.path.join(folder, "vocab.txt")
    if not os.path.isfile(path):
        raise FileNotFoundError("vocab.txt is not in the archive: pack it with --extra-files vocab.txt")
    with open(path, encoding="utf-8") as file:
        vocabulary = {line.rstrip("\r\n"): i for i, line in enumerate(file)}
    for token in ("[CLS]", "[SEP]", "[UNK]"):
        if token not in vocabulary:
            raise ValueError(f"vocab.txt has no {token}")
    return vocabulary


def text_of(body):
    if isinstance(body, (bytes, bytearray)):
        try:
            body = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise onnx_model.bad_request(f"the body is no UTF-8 text: {error}") from error
    if isinstance(body, str) and body.lstrip().startswith("{"):
        try:
            body = json.loads(body)
        except ValueError:
            return body
    if isinstance(body, dict):
        body = body.get("text")
    if not isinstance(body, str):
        raise onnx_model.bad_request('send text, or JSON like {"text": "…"}')
    return body


def split_words(text, lower_case):
    """BERT's basic tokenizer: blanks and punctuation split; CJK characters stand alone; accents go with the case."""
    if lower_case:
        text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    words, word = [], ""
    for char in text:
        category = unicodedata.category(char)
        if char.isspace() or category in ("Cc", "Cf") or char == "\ufffd":
            words.append(word)
            word = ""
        elif is_punctuation(char, category) or "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf":
            words.extend([word, char])
            word = ""
        else:
            word += char
    return [each for each in [*words, word] if each]


def is_punctuation(char, category):
    return category.startswith("P") or (char.isascii() and not char.isalnum())
