import { gzipSync, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import * as p from "../../model/pickle/assemble.ts";
import { hostileTar } from "../../archive/hostile-tar.ts";
import { hostileZip } from "../../archive/hostile-zip.ts";
import { archiveOf, judge, judgeModel } from "./memory-archive.ts";

const evil = p.call("os", "system", p.text("true"));

/** Streams that a loader must not see. Arguments are harmless; the names are the point. */
const hostile: Readonly<Record<string, Buffer>> = {
  "name through the memo": p.stream(
    p.text("os"),
    0x94,
    "0",
    "h",
    0,
    p.text("system"),
    0x93,
    p.tupleOf(p.text("true")),
    "R",
  ),
  "module given twice by DUP": p.stream(p.text("code"), "2", 0x93),
  "names in BINUNICODE8": p.stream(0x8d, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), "os", p.text("system"), 0x93),
  "names in Python 2 strings": p.stream("U", 2, "os", "U", 6, "system", 0x93),
  "names in escaped text of protocol 0": p.bytes("V\\u006fs\nVsyst\\u0065m\n", 0x93, "."),
  "names in an escaped string": p.bytes("S'\\x6f\\x73'\nS'system'\n", 0x93, "."),
  INST: p.bytes("(Vtrue\nios\nsystem\n."),
  OBJ: p.stream("(", p.global("os", "system"), p.text("true"), "o"),
  "name that ends in a carriage return": p.bytes("cos\r\nsystem\r\n."),
  "name with a blank": p.bytes("cos \nsystem\n."),
  "name of another script that looks like os": p.stream(p.stackGlobal("оs", "system")),
  "dotted name": p.stream(p.stackGlobal("torch.serialization", "os.system")),
  dunder: p.stream(p.stackGlobal("torch", "__builtins__")),
  "module of Python 2": p.call("commands", "getoutput", p.text("true")),
  "module of Windows": p.call("nt", "system", p.text("true")),
  "module that only CPython's C part has": p.call("_posixsubprocess", "fork_exec"),
  "function handed out, never called": p.stream(p.dict(p.text("hook"), p.stackGlobal("os", "system"))),
  "name that is no text": p.stream(p.text("os"), "K", 1, 0x93),
  "name from a call": p.stream(p.text("os"), p.stackGlobal("builtins", "str"), p.emptyTuple, "R", 0x93),
  "extension registry": p.stream(0x82, 7),
  "persistent id in a plain pickle": p.stream(p.text("x"), "Q"),
  "persistent id of protocol 0": p.bytes("Pevil\n."),
  "class attribute replaced by BUILD": p.stream(
    p.stackGlobal("collections", "OrderedDict"),
    p.dict(p.text("a"), p.bytes("N")),
    "b",
  ),
  "__setstate__ in a state": p.stream(
    p.stackGlobal("torch.nn.modules.linear", "Linear"),
    ")",
    0x81,
    p.dict(p.text("__setstate__"), p.stackGlobal("builtins", "list")),
    "b",
  ),
  "__class__ among slots": p.stream(
    p.stackGlobal("torch.nn.modules.linear", "Linear"),
    ")",
    0x81,
    p.bytes("N", p.dict(p.text("__class__"), p.bytes("N")), 0x86),
    "b",
  ),
  "__setstate__ through an OrderedDict as state": p.stream(
    p.stackGlobal("torch.nn.modules.linear", "Linear"),
    ")",
    0x81,
    p.stackGlobal("collections", "OrderedDict"),
    ")",
    "R",
    p.text("__setstate__"),
    "N",
    "s",
    "b",
  ),
  "defaultdict that calls": p.call("collections", "defaultdict", p.stackGlobal("numpy", "ndarray")),
  "codec of its choice": p.call("_codecs", "encode", p.text("x"), p.text("rot13")),
  "call inside of an allowed rebuild": p.call(
    "torch._tensor",
    "_rebuild_from_type_v2",
    p.stackGlobal("_codecs", "encode"),
    p.stackGlobal("torch", "Tensor"),
    p.tupleOf(p.text("x"), p.text("zlib")),
    p.bytes("N"),
  ),
  "ufunc of its choice": p.call("numpy.core", "_ufunc_reconstruct", p.text("os"), p.text("system")),
  "calling what a call gave": p.stream(p.stackGlobal("collections", "OrderedDict"), ")R", ")R"),
  "unknown class called with arguments": p.call("psutilx", "Popen", p.text("true")),
  "function of an unknown package": p.call("somewhere", "run", p.text("true")),
  "process class of a known package": p.call("psutil", "Popen", p.text("true")),
  "partial of something that runs": p.call("functools", "partial", p.stackGlobal("subprocess", "check_output")),
  operator: p.call("operator", "methodcaller", p.text("system"), p.text("true")),
  "torch function that loads": p.call("torch.hub", "load", p.text("a/b")),
  "numpy function that loads": p.call("numpy", "load", p.text("x.npy")),
  "arguments that are no tuple": p.stream(p.stackGlobal("builtins", "set"), "]", "R"),
  "payload before garbage": p.bytes(evil.subarray(0, -1), 0xff),
  "payload before the end of the file": evil.subarray(0, -1),
  "second pickle": p.bytes(p.stream("N"), evil),
  "something behind the end": p.bytes(p.stream("N"), "this goes on and on and on"),
  "stack underflow": p.bytes(p.proto(2), "R."),
  "memo that was never set": p.bytes(p.proto(2), "h", 9, "."),
  "frame that lies": p.bytes(p.proto(4), 0x95, Buffer.from([255, 0, 0, 0, 0, 0, 0, 0]), "N."),
  "protocol 6": p.bytes(0x80, 6, "N."),
  "text longer than the file": p.bytes(p.proto(2), "X", Buffer.from([255, 255, 255, 127]), "abc."),
  "bytearray of terabytes": p.call("builtins", "bytearray", p.bytes(0x8a, 6, Buffer.from([0, 0, 0, 0, 0, 1]))),
  "buffer from outside": p.bytes(p.proto(5), 0x97, "."),
};

describe("hostile pickles", () => {
  test.each(Object.entries(hostile))("%s", async (_title, stream) => {
    for (const name of ["model.pkl", "model.pt"]) {
      const { errors } = await judgeModel(name, stream);
      expect(errors.some((id) => id.startsWith("pickle/"))).toBe(true);
    }
  });

  test.each(["labels.txt", "weights.safetensors", "tokenizer.json", "README", "x.png", "data/0"])(
    "as an extra file called %s",
    async (name) => {
      for (const stream of [evil, p.bytes("cos\nsystem\n(Vtrue\ntR.")]) {
        const { errors } = await judge(archiveOf("model.onnx", { [name]: stream }));
        expect(errors).toContain("pickle/dangerous-global");
      }
    },
  );

  test("in gzip, zlib, joblib's old format, and in each other", async () => {
    const zlib = deflateSync(evil);
    const zfile = p.bytes("ZF", evil.length.toString(16).padStart(4, "0x").padEnd(19), zlib);
    for (const packed of [gzipSync(evil), zlib, zfile, gzipSync(gzipSync(evil))]) {
      expect((await judgeModel("model.joblib", packed)).errors).toContain("pickle/dangerous-global");
    }
  });

  test("in a tar file whose first name begins like zlib data, in a ZIP with something before it", async () => {
    const tar = hostileTar([{ name: "x.pkl", data: evil }]);
    const zip = Buffer.concat([Buffer.from("#!/bin/sh\n"), hostileZip([{ name: "x.bin", data: evil }])]);
    for (const packed of [tar, gzipSync(tar), zip]) {
      expect((await judgeModel("model.bin", packed)).errors).toContain("pickle/dangerous-global");
    }
  });

  test("in a file that is something else at the same time", async () => {
    const call = p.bytes("cos\nsystem\n(Vtrue\ntR.");
    const tar = hostileTar([{ name: call, data: "" }]);
    const zip = Buffer.concat([call, hostileZip([{ name: "a.txt", data: "a" }])]);
    for (const bytes of [tar, zip, p.bytes("GIF89a\0\0\0", "0", call), p.bytes("GGUF\x03\0\0\0\0", "0", call)]) {
      expect((await judgeModel("model.bin", bytes)).errors).toContain("pickle/dangerous-global");
    }
  });

  test("as the bytes that torch would load", async () => {
    const inner = p.bytes("C", evil.length, evil);
    const { errors } = await judgeModel("model.pkl", p.call("torch.storage", "_load_from_bytes", inner));
    expect(errors).toContain("pickle/dangerous-global");
  });

  test("nothing opens os, not even --allow-global", async () => {
    expect((await judgeModel("model.pkl", evil, ["os.system"])).errors).toContain("pickle/dangerous-global");
  });

  test("a file that breaks before it calls anything is no pickle unless it is named so", async () => {
    const text = Buffer.from("import os\nos.system('true')\n");
    expect((await judge(archiveOf("model.onnx", { "setup.py": text }))).errors).toEqual([]);
  });
});

const tensor = (): Buffer =>
  p.tupleOf(p.text("storage"), p.stackGlobal("torch", "FloatStorage"), p.text("0"), p.text("cpu"), p.bytes("K", 1));

/** Streams that models are made of. */
const sound: Readonly<Record<string, Buffer>> = {
  "plain values": p.stream(p.dict(p.text("a"), p.bytes("K", 1), p.text("b"), p.bytes("](K", 1, "K", 2, "e"))),
  "protocol 0": p.bytes("(dp0\nVa\np1\nI1\nsVb\np2\n(lp3\nF1.5\naL10L\nas."),
  "sets and ordered dicts": p.stream(
    p.stackGlobal("collections", "OrderedDict"),
    ")R",
    p.text("k"),
    p.stackGlobal("builtins", "set"),
    p.tupleOf(p.bytes("]")),
    "R",
    "s",
  ),
  "defaultdict of OrderedDict, as LightGBM has it": p.call(
    "collections",
    "defaultdict",
    p.stackGlobal("collections", "OrderedDict"),
  ),
  "bytes of protocol 2": p.bytes(
    p.proto(2),
    p.global("_codecs", "encode"),
    "(",
    "X",
    Buffer.from([1, 0, 0, 0]),
    "a",
    "X",
    Buffer.from([6, 0, 0, 0]),
    "latin1",
    "tR.",
  ),
  "numpy array": p.call(
    "numpy._core.multiarray",
    "_reconstruct",
    p.stackGlobal("numpy", "ndarray"),
    p.tupleOf(p.bytes("K", 0)),
    p.bytes("C", 1, "b"),
  ),
};

/** Classes that need the library they come from: a warning. */
const doubtful: Readonly<Record<string, Buffer>> = {
  "torch module": p.stream(
    p.stackGlobal("torch.nn.modules.linear", "Linear"),
    ")",
    0x81,
    p.dict(p.text("training"), p.bytes(0x89)),
    "b",
  ),
  "scikit-learn estimator": p.stream(
    p.stackGlobal("sklearn.svm._classes", "SVC"),
    ")",
    0x81,
    p.dict(p.text("C"), p.bytes("K", 1)),
    "b",
  ),
  "scikit-learn with a metric": p.stream(p.stackGlobal("sklearn.metrics._classification", "accuracy_score")),
  "Cython helper": p.call("sklearn._loss._loss", "__pyx_unpickle_CyHalfBinomialLoss", p.bytes("N")),
  XGBoost: p.stream(p.stackGlobal("xgboost.sklearn", "XGBClassifier"), ")", 0x81, "}b"),
  "a model of one's own": p.stream(p.stackGlobal("models.yolo", "DetectionModel"), ")", 0x81, "}b"),
  "a class of the script": p.stream(p.stackGlobal("__main__", "Config"), ")", 0x81, "}b"),
  "enumeration of transformers": p.call("transformers.trainer_utils", "IntervalStrategy", p.text("no")),
  "normalisation bound by partial, as timm has it": p.call(
    "functools",
    "partial",
    p.stackGlobal("torch.nn.modules.normalization", "LayerNorm"),
  ),
  "activation function as a value": p.stream(p.stackGlobal("torch.nn.functional", "gelu")),
  path: p.call("pathlib", "PosixPath", p.text("a")),
  date: p.call("datetime", "date", p.bytes("C", 4, "abcd")),
  "compiled expression": p.call("re", "_compile", p.text("a+"), p.bytes("K", 0)),
  "object of protocol 0": p.bytes(
    "ccopy_reg\n_reconstructor\n(csklearn.base\nBaseEstimator\nc__builtin__\nobject\nNtR(dVa\nI1\nsb.",
  ),
};

describe("sound pickles", () => {
  test.each(Object.entries(sound))("%s", async (_title, stream) => {
    const { errors, warnings } = await judgeModel("model.pkl", stream);
    expect([errors, warnings]).toEqual([[], []]);
  });

  test.each(Object.entries(doubtful))("%s: a warning", async (_title, stream) => {
    const { errors, warnings } = await judgeModel("model.pkl", stream);
    expect(errors).toEqual([]);
    expect(warnings.length).toBeGreaterThan(0);
  });

  test("a name that the user allows", async () => {
    const stream = p.call("mylib.data", "restore", p.text("x"));
    expect((await judgeModel("model.pkl", stream)).errors).toEqual(["pickle/dangerous-global"]);
    expect((await judgeModel("model.pkl", stream, ["mylib.data.restore"])).errors).toEqual([]);
  });

  test("five streams of torch before 1.6, storages behind them", async () => {
    const magic = p.bytes(p.proto(2), 0x8a, 10, Buffer.from("6cfc9c46f9206aa85019", "hex"), ".");
    const system = p.bytes(p.proto(2), "}.");
    const main = p.bytes(p.proto(4), tensor(), "Q", ".");
    const keys = p.bytes(p.proto(2), "].");
    const file = p.bytes(magic, p.bytes(p.proto(2), "M", 0xe9, 3, "."), system, main, keys, Buffer.alloc(64, 255));
    expect((await judgeModel("model.pth", file)).errors).toEqual([]);
    const hidden = p.bytes(magic, p.bytes(p.proto(2), "M", 0xe9, 3, "."), evil, main, keys, Buffer.alloc(64, 255));
    expect((await judgeModel("model.pth", hidden)).errors).toContain("pickle/dangerous-global");
  });

  test("an empty file, as TorchServe's own examples have it", async () => {
    expect((await judgeModel("model.pt", Buffer.alloc(0))).errors).toEqual([]);
  });
});

describe("what cannot be a model, or cannot be looked into", () => {
  test("an image called model.pt", async () => {
    const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(100, 7)]);
    expect((await judgeModel("model.pt", png)).errors).toEqual(["pickle/wrong-suffix"]);
  });
  test("unknown bytes called model.bin: a warning", async () => {
    const { errors, warnings } = await judgeModel("model.bin", Buffer.alloc(100, 255));
    expect([errors, warnings]).toEqual([[], ["pickle/unscanned"]]);
  });
  test("7z as the model is refused, as an extra file warned about", async () => {
    const sealed = Buffer.concat([Buffer.from("377abcaf271c", "hex"), Buffer.alloc(100)]);
    expect((await judgeModel("model.pt", sealed)).errors).toEqual(["pickle/unscannable"]);
    const { errors, warnings } = await judge(archiveOf("m.onnx", { "docs.dat": sealed }));
    expect([errors, warnings]).toEqual([[], ["pickle/unscanned"]]);
  });
});
