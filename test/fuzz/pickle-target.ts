import { gzipSync } from "node:zlib";
import { memorySource } from "../../src/archive/byte-source.ts";
import { Scanner } from "../../src/model/scan/scanner.ts";
import { opcodes } from "../../src/model/pickle/opcodes.ts";
import * as p from "../unit/model/pickle/assemble.ts";
import { mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const names: readonly (readonly [module: string, name: string])[] = [
  ["collections", "OrderedDict"],
  ["builtins", "set"],
  ["_codecs", "encode"],
  ["numpy", "dtype"],
  ["joblib.numpy_pickle", "NumpyArrayWrapper"],
  ["torch._utils", "_rebuild_tensor_v2"],
  ["torch.storage", "_load_from_bytes"],
  ["torch._tensor", "_rebuild_from_type_v2"],
  ["functools", "partial"],
  ["copyreg", "_reconstructor"],
  ["os", "system"],
  ["somewhere.else", "Class"],
  ["", "a.b.c"],
];
const texts = ["", "a", "latin1", "shape", "dtype", "f8", "O8", "__setstate__", "é", "storage", "x".repeat(300)];
const magic = p.bytes(p.proto(2), 0x8a, 10, Buffer.from("6cfc9c46f9206aa85019", "hex"), ".");

type Piece = (random: Random) => Buffer;
const text: Piece = (random) => p.text(random.pick(texts));
const number: Piece = (random) => p.bytes("K", random.below(256));

/** What pushes one value, whatever lies below it. */
const values: readonly Piece[] = [
  text,
  text,
  number,
  number,
  (random) => p.bytes(random.pick(["N", "]", "}", ")", "\x88", "\x8f"])),
  (random) => p.bytes("C", 3, Buffer.from([random.below(256), 4, 46])),
  (random) => p.stackGlobal(...random.pick(names)),
  (random) => p.global(...random.pick(names)),
  (random) => p.bytes(random.pick(["I1\n", "F1.5\n", "S'a'\n", "Vb\n", "L9L\n", "I01\n"])),
  (random) => p.tupleOf(...Array.from({ length: random.below(4) }, () => value(random))),
  (random) => p.dict(...Array.from({ length: random.below(3) }, () => p.bytes(text(random), value(random)))),
  (random) => p.bytes(p.stackGlobal(...random.pick(names)), p.tupleOf(value(random), value(random)), "R"),
  (random) => p.bytes(p.stackGlobal(...random.pick(names)), ")", 0x81, p.dict(text(random), value(random)), "b"),
  (random) => p.bytes(value(random), 0x94),
  (random) => p.bytes(value(random), "q", random.below(4)),
  (random) => p.bytes("h", random.below(5)),
  (random) => p.bytes("(", value(random), value(random), random.pick(["t", "l", "\x91"])),
];

/** Values hold values; the further in, the more often a number. */
function value(random: Random): Buffer {
  return random.chance(0.6) ? number(random) : random.pick(values)(random);
}

const anyOpcode: Piece = (random) => Buffer.of(random.pick(Object.values(opcodes)).code);

/** The end of some streams that were not mutated: whatever comes before, a sound reader reports this import. */
const tail = p.bytes(p.stackGlobal("os", "system"), "0.");

function stream(random: Random): Buffer {
  const body = Array.from({ length: 1 + random.below(8) }, () => random.pick(values)(random));
  if (random.chance(0.1)) body.push(anyOpcode(random));
  const start = p.bytes(p.proto(random.pick([2, 4, 4, 5])), ...body);
  if (random.chance(0.2)) return p.bytes(start, tail);
  const whole = p.bytes(start, ".");
  return random.chance(0.5) ? Buffer.from(mutateBytes(whole, random)) : whole;
}

function npy(random: Random): Buffer {
  const shape = random.pick(["()", "(1,)", "(3,)", "(2, 2)"]);
  const header = `{'descr': '${random.pick(["<f4", "|O", "<U3"])}', 'fortran_order': False, 'shape': ${shape}}\n`;
  const start = p.bytes("\u0093NUMPY", 1, 0, header.length, 0, header);
  return p.bytes(random.chance(0.3) ? Buffer.from(mutateBytes(start, random)) : start, stream(random));
}

async function run(input: Uint8Array): Promise<Result> {
  const scanner = new Scanner({ allowed: new Set() });
  try {
    await scanner.scan({ source: memorySource(input), path: "model.pkl", critical: true, depth: 0 });
    const rules = new Set(scanner.findings.map(({ rule }) => rule));
    const reported = rules.has("dangerous") || rules.has("malformed") || rules.has("unscannable");
    if (input[0] === 0x80 && !reported && Buffer.from(input).subarray(-tail.length).equals(tail))
      throw new Error("an import, unreported");
    return { past: scanner.pickles.size > 0 };
  } finally {
    await scanner.close();
  }
}

export const pickleTarget: Target = {
  name: "pickle",
  covers: [
    ...[
      "reader",
      "machine",
      "machine-actions",
      "judge",
      "arguments",
      "verdict",
      "literals",
      "joblib",
      "scan-stream",
    ].map((file) => `model/pickle/${file}.ts`),
    "model/scan/scan-pickle.ts",
    "model/numpy.ts",
  ],
  // Imports names from the stack without telling the judge.
  planted: {
    file: "model/pickle/machine-actions.ts",
    find: "machine.push(machine.global(module.text, name.text, at), at);",
    replace: 'machine.push({ kind: "global", module: module.text, name: name.text }, at);',
  },
  generate(random) {
    const kind = random.next();
    if (kind < 0.75) return stream(random);
    if (kind < 0.85) return npy(random);
    if (kind < 0.93) return p.bytes(magic, ...Array.from({ length: 4 }, () => stream(random)));
    return gzipSync(stream(random));
  },
  run,
};
