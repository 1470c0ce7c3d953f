import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onnxBytes } from "../../../src/graph/onnx-bytes.ts";
import { loopModel } from "../../support/loop-model.ts";

/** What a fixture may use: a folder of its own, and the unpacked corpus of hostile archives. */
export interface Bench {
  readonly folder: string;
  readonly corpus: string;
}

/** An archive at which one check fails: gives its path. */
export interface Fixture {
  readonly make: (bench: Bench) => string;
  /** Flags of `verify` besides. */
  readonly flags?: readonly string[];
  /** Fails only when the model runs. */
  readonly runs?: true;
}

type Files = Readonly<Record<string, string | Uint8Array>>;
type Model = Readonly<Record<string, string>>;

const tiny = "fixtures/tiny";
const onnx = readFileSync(`${tiny}/cnn10_static.onnx`);
const handler = "import json\n\n\ndef handle(data, context):\n    return data\n";
const sound: Files = { "handler.py": handler, "model.onnx": onnx };
const soundModel: Model = { modelName: "m", modelVersion: "1.0", handler: "handler.py", serializedFile: "model.onnx" };

let made = 0;

/** An unpacked archive: a sound one, with these files and manifest values changed. */
function folder(files: Files, model: Model = {}): Fixture {
  return {
    make(bench) {
      const root = join(mkdtempSync(join(bench.folder, "f-")), `archive-${made++}`);
      const manifest = { runtime: "python", model: { ...soundModel, ...model }, archiverVersion: "0.12.0" };
      const all: Files = { ...sound, ...files, "MAR-INF/MANIFEST.json": JSON.stringify(manifest) };
      for (const [path, content] of Object.entries(all)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
      return root;
    },
  };
}

const running = (fixture: Fixture): Fixture => ({ ...fixture, runs: true });

/** A case of fixtures/hostile as it is. */
const hostile = (file: string): Fixture => ({ make: ({ corpus }) => join(corpus, file) });

/** A case of fixtures/hostile that is one file of an archive. */
const hostileFile = (file: string): Fixture => ({
  make: (bench) => folder({ [basename(file)]: readFileSync(join(bench.corpus, file)) }).make(bench),
});

/** A sound archive with this at the top of its handler, judged by where data would go. */
const audited = (source: string): Fixture => ({
  ...folder({ "handler.py": `${source}\n${handler}` }),
  flags: ["--residency", "eu"],
});

const file = (path: string): Fixture => ({ make: () => path });

const labels = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, `label ${i}`])));

const traced = { "model.pt": readFileSync(`${tiny}/tiny_traced.pt`) };

function oneNode(op: string, domain: string, shape: readonly number[] = [1]): Uint8Array {
  const value = (name: string) => ({ name, dtype: "float32" as const, shape });
  const node = { op, domain, inputs: ["x"], outputs: ["y"], attributes: {} };
  return onnxBytes({ name: "g", inputs: [value("x")], outputs: [value("y")], nodes: [node], tensors: [] });
}

/** A bare file whose name does not matter. */
const bytes = (name: string, content: () => Uint8Array): Fixture => ({
  make(bench) {
    const path = join(mkdtempSync(join(bench.folder, "b-")), name);
    writeFileSync(path, content());
    return path;
  },
});

/** For each check an archive that it must fail at. Checks with tests of their own, by id, need no row. */
export const fixtures: Readonly<Record<string, Fixture>> = {
  "archive/not-an-archive": hostile("zip/not_a_zip.mar"),
  "archive/truncated": hostile("tar/truncated.tar.gz"),
  "archive/end-record": hostile("zip/comment_len_lie.mar"),
  "archive/second-end-record": hostile("zip/eocd_in_comment.mar"),
  "archive/multi-disk": hostile("zip/multidisk.mar"),
  "archive/central-directory": hostile("zip/cd_size_lie.mar"),
  "archive/zip64": hostile("zip/zip64_size_2_63.mar"),
  "archive/trailing-bytes": hostile("zip/suffix_junk.mar"),
  "archive/leading-bytes": hostile("zip/prefix_shell.mar"),
  "archive/gap": hostile("zip/gap_between.mar"),
  "archive/overlap": hostile("zip/fifield_50x1M.zip"),
  "archive/two-views": hostile("zip/bad_local_sig.mar"),
  "archive/hidden-entry": hostile("zip/hidden_local_entry.mar"),
  "archive/flags-differ": hostile("zip/real_pypi_data_descriptor.zip"),
  "archive/data-descriptor": hostile("zip/dd_crc_lie.mar"),
  "archive/extra-field": hostile("zip/extra_truncated.mar"),
  "archive/second-name": hostile("zip/unicode_path_extra_differs.mar"),
  "archive/encrypted": hostile("zip/encrypted_flag.mar"),
  "archive/packing-method": hostile("zip/method_bzip2.mar"),
  "archive/duplicate-name": hostile("tar/dup.tar.gz"),
  "archive/name-collision": hostile("zip/case_collision.mar"),
  "archive/file-and-folder": hostile("zip/real_go_dupdir.zip"),
  "archive/path-traversal": hostile("tar/pax_nul.tar.gz"),
  "archive/absolute-path": hostile("tar/abs.tar.gz"),
  "archive/unsafe-name": hostile("zip/nul_name.mar"),
  "archive/name-length": hostile("zip/long_component.mar"),
  "archive/name-encoding": hostile("tar/real_go_issue10968.tar"),
  "archive/link": hostile("zip/symlink_abs.mar"),
  "archive/special-file": hostile("tar/fifo.tar.gz"),
  "archive/privileged-mode": hostile("tar/setuid.tar.gz"),
  "archive/tar-header": hostile("tar/bad_checksum.tar.gz"),
  "archive/tar-kind": hostile("tar/gnu_sparse_lie.tar.gz"),
  "archive/no-end-marker": hostile("tar/no_eof_marker.tar.gz"),
  "archive/limits": hostile("zip/zip64_size_2_63.mar"),
  "archive/bomb": hostile("zip/bomb_ratio_1G.mar"),
  "archive/nesting": hostile("zip/nested_zip_depth24.mar"),
  "archive/size-mismatch": hostile("zip/usize_lie_small.mar"),
  "archive/corrupt-data": hostile("zip/deflate_truncated.mar"),
  "archive/crc-mismatch": hostile("zip/crc_wrong_both.mar"),
  "serve/stored-data-descriptor": hostile("zip/real_go_dupdir.zip"),
  "serve/wide-data-descriptor": hostile("zip/real_yauzl_zip64.zip"),
  "serve/name-encoding": hostile("zip/real_cpython_cp437.zip"),
  "serve/flat-tar": hostile("tar/abs.tar.gz"),
  "serve/plain-tar": hostile("tar/real_go_gnu.tar"),
  "serve/container-suffix": hostile("zip/real_go_dd.zip"),
  "manifest/missing": file(`${tiny}/external`),
  "manifest/invalid": hostile("manifest/bom.mar"),
  "manifest/unsafe-name": hostile("manifest/trav_handler.mar"),
  "manifest/file-missing": folder({}, { serializedFile: "other.onnx" }),
  "manifest/questionable": hostile("manifest/ok_number_version.mar"),
  "handler/missing": folder({}, { handler: "other.py" }),
  "handler/shadowed-name": folder({ "json.py": handler }, { handler: "json.py" }),
  "handler/syntax": folder({ "handler.py": "def handle(data, context)\n    return data\n" }),
  "handler/entry": folder({ "handler.py": "x = 1\n" }),
  "handler/entry-function": folder(
    {
      "handler.py": `class H:\n    def initialize(self, c):\n        pass\n\n    def handle(self, d, c):\n        return d\n`,
    },
    { handler: "handler.py:serve" },
  ),
  "handler/methods": folder({ "handler.py": "class H:\n    def initialize(self, context):\n        pass\n" }),
  "handler/relative-import": folder({ "handler.py": `from .other import x\n${handler}`, "other.py": "x = 1\n" }),
  "handler/imports": folder({ "handler.py": `import a_module_that_nobody_has\n${handler}` }),
  "handler/runs-at-import": hostile("manifest/hnd_os_system.mar"),
  "config/invalid": folder({ "model-config.yaml": "minWorkers: [1\n" }, { configFile: "model-config.yaml" }),
  "config/unknown-key": folder({ "model-config.yaml": "minWorker: 1\n" }, { configFile: "model-config.yaml" }),
  "config/wrong-value": folder({ "model-config.yaml": "minWorkers: many\n" }, { configFile: "model-config.yaml" }),
  "requirements/invalid": folder({ "r.txt": "numpy==\n" }, { requirementsFile: "r.txt" }),
  "requirements/foreign-source": folder({ "r.txt": "x @ git+https://example.org/x\n" }, { requirementsFile: "r.txt" }),
  "requirements/local-path": folder({ "r.txt": "-e /home/me/x\n" }, { requirementsFile: "r.txt" }),
  "requirements/unpinned": folder({ "r.txt": "numpy\n" }, { requirementsFile: "r.txt" }),
  "requirements/not-installed": folder({ "r.txt": "numpy==1.26.4\n" }, { requirementsFile: "r.txt" }),
  "serve/unaddressable-name": folder({}, { modelName: "a/b" }),
  "serve/escaped-name": folder({}, { modelName: "a b" }),
  "serve/runtime": hostile("manifest/ok_lsp.mar"),
  "serve/empty-model": folder({ "model.onnx": "" }),
  "serve/serialized-file": folder(
    { "model.pth": readFileSync(`${tiny}/tiny.pth`) },
    { handler: "image_classifier", serializedFile: "model.pth" },
  ),
  "serve/model-file": folder(
    { "model.py": "class A:\n    pass\n\n\nclass B:\n    pass\n", "model.pth": readFileSync(`${tiny}/tiny.pth`) },
    { handler: "image_classifier", serializedFile: "model.pth", modelFile: "model.py" },
  ),
  "serve/base-handler": folder(traced, { handler: "base_handler", serializedFile: "model.pt" }),
  "serve/handler-files": folder(traced, { handler: "text_classifier", serializedFile: "model.pt" }),
  "serve/onnx-builtin-handler": folder({}, { handler: "image_classifier" }),
  "serve/few-classes": folder({ "model.onnx": oneNode("Identity", "", [1, 3]) }, { handler: "image_classifier" }),
  "serve/labels-short": folder({ "index_to_name.json": labels(7) }, { handler: "image_classifier" }),
  "serve/labels-short-run": running(
    folder(
      { ...traced, "index_to_name.json": labels(7), "source_vocab.pt": readFileSync(`${tiny}/tiny.pth`) },
      { handler: "text_classifier", serializedFile: "model.pt" },
    ),
  ),
  "labels/invalid": folder({ "index_to_name.json": "[" }),
  "labels/not-indices": folder({ "index_to_name.json": '{"cat": "0", "dog": "1"}' }),
  "labels/count": folder({ "index_to_name.json": labels(7) }),
  "labels/count-run": running(folder({ ...traced, "index_to_name.json": labels(7) }, { serializedFile: "model.pt" })),
  "residency/third-country": audited("import boto3\n\ns3 = boto3.client('s3')\n"),
  "residency/telemetry": audited("import wandb\n\nwandb.init()\n"),
  "residency/download": audited(
    "from transformers import AutoModel\n\nm = AutoModel.from_pretrained('bert-base-uncased')\n",
  ),
  "residency/unknown-host": audited("import requests\n\nrequests.get('https://collector.qwzx.dev/x')\n"),
  "residency/plain-http": audited("import requests\n\nrequests.get('http://collector.qwzx.dev/x')\n"),
  "residency/hard-coded-credential": audited("aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'\n"),
  "residency/static-look": audited(""),
  "pickle/dangerous-global": file(`${tiny}/malicious.pth`),
  "pickle/malformed": hostileFile("pickle/no_stop.pkl"),
  "pickle/unscannable": hostile("zip/method_bzip2.mar"),
  "pickle/torch-archive": hostile("zip/fifield_50x1M.zip"),
  "pickle/wrong-suffix": hostileFile("pickle/png_named_pt.pt"),
  "pickle/unknown-class": file(`${tiny}/tiny_wholemodule.pt`),
  "pickle/framework-class": file(`${tiny}/tiny_wholemodule.pt`),
  "pickle/unscanned": file(`${tiny}/gen_onnx.py`),
  "pickle/weights-only": file(`${tiny}/malicious.pth`),
  "safetensors/header": hostileFile("pickle/renamed_weights.safetensors"),
  "onnx/malformed": file(`${tiny}/truncated.onnx`),
  "onnx/external-data": file(`${tiny}/external_evil/model.onnx`),
  "onnx/tensor-size": hostileFile("onnx/dims_huge.onnx"),
  "onnx/graph": hostileFile("onnx/cycle.onnx"),
  "onnx/newer-than-engine": file(`${tiny}/ir99.onnx`),
  "onnx/python-operator": bytes("m.onnx", () => oneNode("PyOp", "ai.onnx.contrib")),
  "onnx/custom-domain": file(`${tiny}/custom_op.onnx`),
  "model/unknown-format": file(`${tiny}/garbage.onnx`),
  // Sound to a reader, refused by the engine's own schema.
  "model/loads": running(bytes("m.onnx", () => oneNode("NoSuchOperator", ""))),
  "model/runs": { ...running(bytes("m.onnx", () => loopModel(2n ** 60n))), flags: ["--timeout", "3"] },
  "model/non-finite": running(file(`${tiny}/cnn10_nan.onnx`)),
  "model/nondeterministic": running(bytes("m.onnx", () => oneNode("RandomUniformLike", ""))),
};
