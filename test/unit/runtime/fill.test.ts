import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType } from "../../../src/graph/dtype.ts";
import { fillBytes, fillName } from "../../../src/runtime/fill.ts";
import { fromBFloat16, fromFloat16, toBFloat16, toFloat16 } from "../../../src/runtime/half.ts";
import { largestDifference, numbersOf, summarize } from "../../../src/runtime/summary.ts";

const values = (dtype: DType, shape: readonly number[], fill: Parameters<typeof fillBytes>[2]): number[] => {
  const view = numbersOf(dtype, fillBytes(dtype, shape, fill));
  return Array.from({ length: view.length }, (_, i) => view.at(i));
};

describe("fills", () => {
  test("wave is sin(0.37 i) in double precision for floats, i % 97 for integers", () => {
    const expected = Array.from({ length: 200 }, (_, i) => Math.sin(0.37 * i));
    expect(values("float64", [2, 100], { kind: "wave" })).toEqual(expected);
    expect(values("float32", [200], { kind: "wave" })).toEqual(expected.map(Math.fround));
    expect(values("float16", [200], { kind: "wave" })[1]).toBeCloseTo(Math.sin(0.37), 3);
    for (const dtype of ["int8", "uint8", "int16", "int32", "int64", "uint64"] as const) {
      expect(values(dtype, [200], { kind: "wave" })).toEqual(Array.from({ length: 200 }, (_, i) => i % 97));
    }
  });

  test.each<DType>(["float32", "float64", "float16", "bfloat16", "int8", "uint16", "int64", "uint64", "bool"])(
    "zeros and ones of %s",
    (dtype) => {
      expect(values(dtype, [3], { kind: "zeros" })).toEqual([0, 0, 0]);
      expect(values(dtype, [3], { kind: "ones" })).toEqual([1, 1, 1]);
    },
  );

  test("random is the same for the same seed, in range, and not constant", () => {
    const once = values("float32", [1000], { kind: "random", seed: 7 });
    expect(values("float32", [1000], { kind: "random", seed: 7 })).toEqual(once);
    expect(values("float32", [1000], { kind: "random", seed: 8 })).not.toEqual(once);
    expect(Math.min(...once)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...once)).toBeLessThan(1);
    const mean = once.reduce((sum, value) => sum + value, 0) / once.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
    expect(new Set(values("int32", [1000], { kind: "random", seed: 1 })).size).toBe(10);
  });

  test("a tensor with a dimension of zero has no bytes", () => {
    expect(fillBytes("float32", [1, 0, 4], { kind: "ones" })).toHaveLength(0);
  });

  test("names for the report", () => {
    expect(fillName({ kind: "random", seed: 3 })).toBe("random(3)");
    expect(fillName({ kind: "bytes", bytes: new Uint8Array(), file: "x.npy" })).toBe("x.npy");
  });
});

describe("half floats", () => {
  test("every float16 survives the way to a number and back", () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN();
      else expect(toFloat16(value)).toBe(bits);
    }
  });

  test.each([
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * 1.0001, 1],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.9999, 0x6800],
    [-1.5, 0xbe00],
  ])("%f rounds to the nearest float16, ties to even", (value, bits) => {
    expect(toFloat16(value)).toBe(bits);
  });

  test("float16 of a number is the nearest of all", () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = toFloat16(value);
        const distance = Math.abs(fromFloat16(bits) - value);
        for (const near of [bits - 1, bits + 1]) {
          const other = fromFloat16(near & 0xffff);
          if (Number.isFinite(other)) expect(distance).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });

  test("bfloat16 rounds float32 to nearest even", () => {
    expect(fromBFloat16(toBFloat16(1.00390625))).toBe(1);
    expect(fromBFloat16(toBFloat16(1.01171875))).toBe(1.015625);
    expect(fromBFloat16(toBFloat16(-3))).toBe(-3);
    expect(fromBFloat16(toBFloat16(Number.NaN))).toBeNaN();
    expect(fromBFloat16(toBFloat16(Infinity))).toBe(Infinity);
  });
});

describe("summaries", () => {
  const summary = (...numbers: number[]) =>
    summarize("y", "float64", [numbers.length], numbersOf("float64", new Uint8Array(new Float64Array(numbers).buffer)));

  test("of finite numbers", () => {
    expect(summary(1, -4, 3)).toEqual({
      name: "y",
      dtype: "float64",
      shape: [3],
      first: [1, -4, 3],
      min: -4,
      max: 3,
      mean: 0,
      absMax: 4,
      nonFinite: 0,
    });
  });

  test("sixteen numbers at most, all of them in the figures", () => {
    const { first, max } = summary(...Array.from({ length: 40 }, (_, i) => i));
    expect(first).toHaveLength(16);
    expect(max).toBe(39);
  });

  test.each([
    [[1, Infinity], { min: 1, max: "Infinity", mean: "Infinity", absMax: "Infinity", nonFinite: 1 }],
    [[-Infinity, 2], { min: "-Infinity", max: 2, mean: "-Infinity", absMax: "Infinity", nonFinite: 1 }],
    [[1, Number.NaN, 2], { min: "NaN", max: "NaN", mean: "NaN", absMax: "NaN", nonFinite: 1 }],
    [[Number.NaN, 1, 2], { min: "NaN", max: "NaN", mean: "NaN", absMax: "NaN", nonFinite: 1 }],
    [[], { min: 0, max: 0, mean: 0, absMax: 0, nonFinite: 0, first: [] }],
  ])("of %j, as JSON can carry it", (numbers, expected) => {
    expect(summary(...numbers)).toMatchObject(expected);
  });

  test("the difference of two runs", () => {
    const view = (...numbers: number[]) => numbersOf("float64", new Uint8Array(new Float64Array(numbers).buffer));
    expect(largestDifference(view(1, Number.NaN), view(1, Number.NaN))).toBe(0);
    expect(largestDifference(view(1, 2), view(1, 2.5))).toBe(0.5);
    expect(largestDifference(view(1), view(Number.NaN))).toBe(Infinity);
    expect(largestDifference(view(1), view(1, 2))).toBe(Infinity);
  });
});
