import { expect, test } from "vitest";
import { hostileZip } from "./hostile-zip.ts";
import { zipRules } from "./judge.ts";

test.each([
  ["../a", "archive/path-traversal"],
  ["a/../../b", "archive/path-traversal"],
  ["..\\a", "archive/path-traversal"],
  ["..", "archive/path-traversal"],
  ["/etc/passwd", "archive/absolute-path"],
  ["\\\\server\\share", "archive/absolute-path"],
  ["C:/a", "archive/absolute-path"],
  ["c:a", "archive/absolute-path"],
  ["a\\b", "archive/unsafe-name"],
  ["a\0b", "archive/unsafe-name"],
  ["a\u001b[2Jb", "archive/unsafe-name"],
  ["a\u0085b", "archive/unsafe-name"],
  ["a\u202eyp.b", "archive/unsafe-name"],
  ["a\u200bb", "archive/unsafe-name"],
  ["a:stream", "archive/unsafe-name"],
  ["", "archive/unsafe-name"],
  ["./a", "archive/unsafe-name"],
  ["a/./b", "archive/unsafe-name"],
  ["a//b", "archive/unsafe-name"],
  ["a.", "archive/unsafe-name"],
  ["a /b", "archive/unsafe-name"],
  ["NUL", "archive/unsafe-name"],
  ["d/com1.txt", "archive/unsafe-name"],
  ["LPT\u00b9", "archive/unsafe-name"],
  ["x".repeat(256), "archive/name-length"],
  ["y/".repeat(33) + "z", "archive/name-length"],
])("the name %j breaks %s", async (name, rule) => {
  expect(await zipRules(hostileZip([{ name, data: "x" }]))).toContain(rule);
});

test.each(["..a..b.py", "модель.py", "d/e/f", "a b.py", ".hidden", "console.txt", "x".repeat(255), "👩‍💻.py"])(
  "the name %j is accepted",
  async (name) => {
    expect(await zipRules(hostileZip([{ name, data: "x" }]))).toEqual([]);
  },
);
