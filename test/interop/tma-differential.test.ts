import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serializeJson } from "../../src/manifest/index.ts";
import { runMain } from "../support/run-main.ts";
import { askPython, lacksPython, python } from "./python.ts";

const reason = lacksPython("model_archiver");
const manifestName = "MAR-INF/MANIFEST.json";

/** Members of an archive or folder as {name: [sha256, x bit]}, and the manifest's text; names as TorchServe sees them. */
const listing = `
import hashlib, json, os, sys, tarfile, zipfile
path, out = sys.argv[1], {}
def put(name, data):
    assert name not in out, name
    out[name] = data
if os.path.isdir(path):
    for root, _, files in os.walk(path):
        for f in files:
            full = os.path.join(root, f)
            put(os.path.relpath(full, path), open(full, "rb").read())
elif path.endswith(".tar.gz"):
    with tarfile.open(path) as t:
        for m in t:
            assert m.isfile(), m.name
            put(m.name, t.extractfile(m).read())
else:
    with zipfile.ZipFile(path) as z:
        for i in z.infolist():
            put(i.filename, z.read(i))
text = next(v for k, v in out.items() if k.endswith("${manifestName}")).decode()
print(json.dumps({"members": {k: hashlib.sha256(v).hexdigest() for k, v in sorted(out.items()) if not k.endswith("${manifestName}")}, "manifest": text}))
`;

const inputs: Readonly<Record<string, string>> = {
  "h.py": "def handle(data, context):\n    return data\n",
  "handlers/h2.py": "def fn(data, context):\n    return data\n",
  "w.pt": "weights ".repeat(500),
  "models/deep/w2.onnx.bin": "\u0000\u0001\u0002",
  "m.py": "class M: pass\n",
  "src/net.py": "class N: pass\n",
  "requirements.txt": "numpy==1.26.4\n",
  "req/other-requirements.txt": "pillow\n",
  "cfg.yaml": "minWorkers: 1\n",
  "conf/model-config.yaml": "batchSize: 4\n",
  "index_to_name.json": '{"0": "cat"}',
  "labels/a.txt": "a",
  "labels/b.txt": "b",
  "labels/c.json": "{}",
  "labels/[x].txt": "brackets",
  "labels/.dotted": "dot",
  "extra/one.txt": "1",
  "extra/.hidden": "h",
  "extra/old.pyc": "pyc",
  "extra/nested.mar": "PK",
  "extra/deep/two.txt": "2",
  "extra/deep/deeper/three.txt": "3",
  "extra/deep/__pycache__/x.pyc": "x",
  "extra/__MACOSX/y": "y",
  "extra/.cache/z": "z",
  "extra/übung.txt": "ü",
  "extra/модель.txt": "м",
  "extra/😀.txt": "smile",
  "lib.so": "elf",
};

interface Row {
  readonly title: string;
  readonly args: readonly string[];
}

const base = ["--model-name", "m", "--version", "1.0"];
const image = ["--handler", "image_classifier"];

const rows: readonly Row[] = [
  { title: "the least", args: [...base, ...image] },
  { title: "serialized file", args: [...base, ...image, "--serialized-file", "w.pt"] },
  { title: "serialized file in a folder", args: [...base, ...image, "--serialized-file", "models/deep/w2.onnx.bin"] },
  { title: "eager: model file", args: [...base, ...image, "--serialized-file", "w.pt", "--model-file", "src/net.py"] },
  { title: "handler file", args: [...base, "--handler", "h.py"] },
  { title: "handler without .py", args: [...base, "--handler", "h"] },
  { title: "handler in a folder", args: [...base, "--handler", "handlers/h2.py"] },
  { title: "handler in a folder with function", args: [...base, "--handler", "handlers/h2:fn"] },
  { title: "empty handler", args: [...base, "--handler", ""] },
  {
    title: "every flag",
    args: [
      ...base,
      "--handler",
      "h.py",
      "--serialized-file",
      "w.pt",
      "--model-file",
      "m.py",
      "--extra-files",
      "index_to_name.json",
      "--requirements-file",
      "requirements.txt",
      "--config-file",
      "cfg.yaml",
      "--runtime",
      "python3",
    ],
  },
  {
    title: "short flags",
    args: [
      "--model-name",
      "m",
      "-v",
      "2",
      "--handler",
      "h.py",
      "-r",
      "req/other-requirements.txt",
      "-c",
      "conf/model-config.yaml",
      "-f",
    ],
  },
  {
    title: "short flags with their values",
    args: ["--model-name", "m", "-v2.5", "--handler", "h.py", "-rrequirements.txt", "-ccfg.yaml"],
  },
  { title: "joined short flags", args: ["--model-name", "m", "--handler", "h.py", "-fv3"] },
  { title: "= forms", args: ["--model-name=m", "--version=1=2", "--handler=h.py", "--serialized-file=w.pt"] },
  { title: "short flag with =", args: ["--model-name=m", "-v=7", "--handler=h.py"] },
  {
    title: "prefixes",
    args: [
      "--model-n",
      "m",
      "--ver",
      "1",
      "--ha",
      "h.py",
      "--se",
      "w.pt",
      "--ru",
      "python",
      "--ex",
      "index_to_name.json",
    ].flatMap((each) => (each === "--ex" ? ["--extra"] : [each])),
  },
  {
    title: "last wins",
    args: [
      ...base,
      "--handler",
      "nope",
      "--handler",
      "h.py",
      "--version",
      "9",
      "--serialized-file",
      "nope",
      "--serialized-file",
      "w.pt",
    ],
  },
  { title: "version that looks like a number below zero", args: ["--model-name", "m", "--version", "-1", ...image] },
  { title: "empty version", args: ["--model-name", "m", "--version", "", ...image] },
  {
    title: "version with blanks and non-ASCII",
    args: ["--model-name", "m", "--version", 'β 1 "x" \\ 😀\u007f', ...image],
  },
  { title: "version first", args: ["-v", "1.0", "--model-name", "m", ...image] },
  { title: "extra files: a list", args: [...base, ...image, "--extra-files", "labels/a.txt,index_to_name.json,m.py"] },
  { title: "extra files: comma at the end", args: [...base, ...image, "--extra-files", "labels/a.txt,"] },
  { title: "extra files: empty", args: [...base, ...image, "--extra-files", ""] },
  { title: "extra files: a star", args: [...base, ...image, "--extra-files", "labels/*"] },
  { title: "extra files: a star among letters", args: [...base, ...image, "--extra-files", "labels/*.txt"] },
  { title: "extra files: question mark", args: [...base, ...image, "--extra-files", "labels/?.txt,labels/?.json"] },
  { title: "extra files: brackets", args: [...base, ...image, "--extra-files", "labels/[ab].txt"] },
  { title: "extra files: negated brackets", args: [...base, ...image, "--extra-files", "labels/[!a].txt"] },
  {
    title: "extra files: range, and one the wrong way round",
    args: [...base, ...image, "--extra-files", "labels/[a-b].txt,labels/[z-a].*"],
  },
  {
    title: "extra files: brackets that mean themselves",
    args: [...base, ...image, "--extra-files", "labels/[[]x].txt"],
  },
  { title: "extra files: stars in folders", args: [...base, ...image, "--extra-files", "l*/[a]*,ext*/d*/*.txt"] },
  { title: "extra files: two stars are one", args: [...base, ...image, "--extra-files", "**/a.txt"] },
  { title: "extra files: dotted names by a dotted pattern", args: [...base, ...image, "--extra-files", "labels/.d*"] },
  {
    title: "extra files: wildcard without a match",
    args: [...base, ...image, "--extra-files", "zzz*.txt,labels/a.txt"],
  },
  { title: "extra files: a folder", args: [...base, ...image, "--extra-files", "extra"] },
  { title: "extra files: a folder with a slash", args: [...base, ...image, "--extra-files", "extra/"] },
  { title: "extra files: a hidden folder, named", args: [...base, ...image, "--extra-files", "extra/.cache"] },
  { title: "extra files: folders that a wildcard finds", args: [...base, ...image, "--extra-files", "ex*/deep/*"] },
  { title: "extra files: a link to a file", args: [...base, ...image, "--extra-files", "link.txt"] },
  { title: "the same file twice", args: [...base, "--handler", "h.py", "--extra-files", "h.py"] },
  {
    title: "LSP with the server's own handler",
    args: [...base, "--handler", "TorchScriptHandler", "--runtime", "LSP", "--serialized-file", "w.pt"],
  },
  { title: "LSP with a library", args: [...base, "--handler", "lib:Handler", "--runtime", "LSP"] },
  { title: "dots and hyphens in the name", args: ["--model-name", "m-1.2_x", "--version", "1", ...image] },
];

const formats = ["default", "zip-store", "tgz", "no-archive"] as const;
const suffix = { default: ".mar", "zip-store": ".mar", tgz: ".tar.gz", "no-archive": "" } as const;

describe.skipIf(reason !== null)(`the same as torch-model-archiver 0.12.0 ${reason ?? ""}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "differential-"));
    for (const [path, text] of Object.entries(inputs)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    mkdirSync(join(folder, "extra/empty"));
    chmodSync(join(folder, "handlers/h2.py"), 0o755);
    symlinkSync("labels/a.txt", join(folder, "link.txt"));
    mkdirSync(join(folder, "tmp"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const theirs = (args: readonly string[]): void => {
    const program = "from model_archiver.model_packaging import generate_model_archive; generate_model_archive()";
    const env = { ...process.env, TMPDIR: join(folder, "tmp") };
    const { status, stderr } = spawnSync(python, ["-c", program, ...args], { cwd: folder, env, encoding: "utf8" });
    expect(stderr.replace(/^WARNING.*\n/gm, "")).toBe("");
    expect(status).toBe(0);
  };

  test.each(rows)("$title", async ({ args }) => {
    const name = args.find((each) => each.startsWith("m-1.2")) ?? "m";
    for (const format of formats) {
      rmSync(join(folder, "a"), { recursive: true, force: true });
      rmSync(join(folder, "b"), { recursive: true, force: true });
      mkdirSync(join(folder, "a"));
      theirs([...args, "--archive-format", format, "--export-path", "a"]);
      const run = await runMain([...args, "--archive-format", format, "--export-path", "b"], { cwd: folder });
      expect(run.stderr.replace(/^warning: .*\n/gm, "")).toBe("");
      expect(run.exitCode).toBe(0);
      const [a, b] = ["a", "b"].map((each) => read(join(folder, each, name + suffix[format])));
      expect(b?.members).toEqual(a?.members);
      expect(comparable(b?.manifest ?? "", a?.manifest ?? "")).toBe(a?.manifest);
    }
  });
});

function read(path: string): { members: Record<string, string>; manifest: string } {
  const value = askPython(listing, [path]);
  if (typeof value !== "object" || value === null || !("members" in value) || !("manifest" in value))
    throw new Error(path);
  return { members: Object.fromEntries(Object.entries(value.members ?? {})), manifest: String(value.manifest) };
}

/** Our manifest's text with their date and version, and without our own key. */
function comparable(ours: string, theirs: string): string {
  const { modelArchiver, ...rest } = JSON.parse(ours);
  const { createdOn, archiverVersion } = JSON.parse(theirs);
  expect(modelArchiver).toBeDefined();
  expect(rest.createdOn).toMatch(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/);
  return serializeJson({ ...rest, createdOn, archiverVersion });
}
