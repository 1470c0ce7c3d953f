import { crc32, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { madeUpPicture } from "../../../src/sample/made-up-picture.ts";
import { decodePicture } from "../../../src/sample/decode-picture.ts";
import { answeredLabels, answeredNumbers } from "../../../src/sample/served-answer.ts";

describe("what a server answers", () => {
  const labels = new Map([
    ["0", "tench"],
    ["967", "espresso"],
  ]);

  test("as image_classifier does: classes by name, the likeliest first", () => {
    expect(answeredLabels('{"tench": 0.04, "espresso": 0.95}', labels)).toEqual([
      { index: 967, label: "espresso", probability: 0.95 },
      { index: 0, label: "tench", probability: 0.04 },
    ]);
  });

  test("without labels: classes by number", () => {
    expect(answeredLabels('{"967": 0.95, "0": 0.04}', null)[0]).toEqual({
      index: 967,
      label: null,
      probability: 0.95,
    });
  });

  test.each(["[0.1, 0.9]", '{"logits": [1, 2]}', '{"espresso": 12.5}', "espresso", "null"])(
    "%s is no classes",
    (text) => {
      expect(answeredLabels(text, labels)).toEqual([]);
    },
  );

  test("every number, wherever it stands", () => {
    const numbers = answeredNumbers('{"a": [[1, 2], [3]], "b": {"c": 4.5}, "d": "5"}');
    expect(Array.from({ length: numbers.length }, (_, i) => numbers.at(i))).toEqual([1, 2, 3, 4.5]);
    expect(answeredNumbers("no JSON").length).toBe(0);
  });
});

test("the made-up picture is a PNG that a decoder takes", async () => {
  const png = Buffer.from(madeUpPicture());
  expect(png.readUInt32BE(png.length - 4)).toBe(crc32("IEND"));
  const from = png.indexOf("IDAT") + 4;
  expect(inflateSync(png.subarray(from, from + png.readUInt32BE(from - 8)))).toHaveLength((640 * 3 + 1) * 480);
  expect(await decodePicture(png, "made-up.png")).toMatchObject({ width: 640, height: 480 });
});
