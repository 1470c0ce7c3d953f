import { memorySource } from "../../src/archive/byte-source.ts";
import { MalformedModel } from "../../src/model/malformed.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { edges, mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const types = ["F32", "BF16", "U8", "I64", "F4", "BOOL", "F128", ""];
const sizes: Readonly<Record<string, number>> = { F32: 4, BF16: 2, U8: 1, I64: 8, BOOL: 1 };

function anyHeader(random: Random): { text: string; size: number } {
  const header: Record<string, unknown> = random.chance(0.3) ? { __metadata__: { format: "pt" } } : {};
  let at = 0;
  for (let count = random.below(4); count > 0; count -= 1) {
    const dtype = random.pick(types);
    const shape = Array.from({ length: random.below(3) }, () =>
      random.chance(0.95) ? random.below(5) : random.pick(edges),
    );
    const length = Math.min(
      shape.reduce((product, dim) => product * dim, sizes[dtype] ?? 1),
      1 << 16,
    );
    const lie = random.chance(0.1) ? random.pick([-1, 1, 4]) : 0;
    header[`t${random.below(6)}`] = { dtype, shape, data_offsets: [at + lie, at + length] };
    at += length;
  }
  const text = JSON.stringify(header);
  return { text: random.chance(0.2) ? `${text}   ` : text, size: at };
}

async function run(input: Uint8Array): Promise<Result> {
  try {
    const { tensors, problems } = await readSafetensors(memorySource(input));
    if (problems.length === 0) {
      const covered = tensors.reduce((sum, { length }) => sum + length, 0);
      const outside = tensors.some(({ offset, length }) => offset + length > input.length);
      if (outside || covered > input.length) throw new Error("tensors beyond the file, unreported");
    }
    return { past: true };
  } catch (error) {
    if (error instanceof MalformedModel) return { past: false };
    throw error;
  }
}

export const safetensorsTarget: Target = {
  name: "safetensors",
  covers: ["model/safetensors.ts"],
  // Trusts the length of the header.
  planted: {
    file: "model/safetensors.ts",
    find: "if (dataStart > source.size) throw",
    replace: "if (dataStart < 0) throw",
  },
  generate(random) {
    const { text, size } = anyHeader(random);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(random.chance(0.95) ? Buffer.byteLength(text) : random.pick(edges)));
    const whole = Buffer.concat([
      length,
      Buffer.from(text),
      Buffer.alloc(random.chance(0.9) ? size : random.below(100)),
    ]);
    return random.chance(0.3) ? mutateBytes(whole, random) : whole;
  },
  run,
};
