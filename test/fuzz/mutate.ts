import type { Random } from "./random.ts";

/** Values at the edges of what fields hold. */
export const edges = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Changes one to four places: a bit, a byte, a run left out, doubled, or overwritten, a number at its edge. */
export function mutateBytes(input: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(input);
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 0; times -= 1) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(Math.min(16, bytes.length - at));
    switch (random.below(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 4:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE(random.pick(edges), at);
        break;
      default:
        bytes = Buffer.from(bytes.subarray(0, random.chance(0.2) ? at : bytes.length));
    }
  }
  return bytes;
}

const pieces = [
  "a",
  "handler.py",
  "MAR-INF",
  "..",
  ".",
  "",
  "C:",
  "\\",
  "\0",
  "é",
  "e\u0301",
  "NUL",
  "x".repeat(300),
  "\u202e",
  "d",
];

/** A path, now and then a hostile one. */
export function anyName(random: Random): string {
  if (random.chance(0.8)) return `${random.pick(["a", "b", "c", "d"])}${random.below(5)}.py`;
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(pieces)).join("/");
}

/** Content: nothing, text, noise, or a long run of one byte. */
export function anyData(random: Random): Buffer {
  const length = random.pick([0, 1, 10, 100, 1000, 5000]);
  const noisy = random.chance(0.3);
  const value = random.below(256);
  return Buffer.from(Array.from({ length }, () => (noisy ? random.below(256) : value)));
}
