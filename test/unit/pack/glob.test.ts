import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileWildcard, isWildcard } from "../../../src/archive/wildcard.ts";
import { globPaths } from "../../../src/pack/glob.ts";

// Recorded from Python 3.11: fnmatch.fnmatchcase(name, pattern).
test.each([
  ["*", "", true],
  ["a?c", "abc", true],
  ["a?c", "a\nc", true],
  ["?", "😀", true],
  ["[abc]", "b", true],
  ["[!abc]", "b", false],
  ["[^a]", "^", true],
  ["[]]", "]", true],
  ["[!]]", "]", false],
  ["[]a]", "a", true],
  ["[a-c]", "b", true],
  ["[c-a]", "b", false],
  ["[!c-a]", "b", true],
  ["[a-]", "-", true],
  ["[-a]", "-", true],
  ["[a", "[a", true],
  ["[[]x]", "[x]", true],
  ["[\\]", "\\", true],
  ["[a-c-e]", "d", false],
  ["[a-c-e]", "-", true],
  ["[&&]", "&", true],
  ["[a--]", "a", false],
  ["**", "abc", true],
  ["a.c", "abc", false],
  ["a+(b)|{c}^$", "a+(b)|{c}^$", true],
  ["*.txt", "a.txtx", false],
])("%s of %j is %s", (pattern, name, matches) => expect(compileWildcard(pattern)(name)).toBe(matches));

test("many stars take no time", () => {
  expect(compileWildcard(`${"*".repeat(500)}b`)("a".repeat(5000))).toBe(false);
});

test.each([
  ["a", false],
  ["a*", true],
  ["a?", true],
  ["a[", false],
  ["a[b]", true],
  ["a]b[", true],
])("torch-model-archiver takes %s for a wildcard: %s", (text, wildcard) => expect(isWildcard(text)).toBe(wildcard));

describe("globPaths", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "glob-"));
    for (const path of ["a/x.txt", "a/y.txt", "b/x.txt", "a/.hidden", ".dot/x.txt", "c.txt"]) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), "");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<[string, string[]]>([
    ["*", ["a", "b", "c.txt"]],
    [".*", [".dot"]],
    ["*/", ["a/", "b/"]],
    ["a/*", ["a/x.txt", "a/y.txt"]],
    ["*/x.txt", ["a/x.txt", "b/x.txt"]],
    ["**/x.txt", ["a/x.txt", "b/x.txt"]],
    [".*/x.*", [".dot/x.txt"]],
    ["[ab]/[!y].txt", ["a/x.txt", "b/x.txt"]],
    ["./a/*.txt", ["./a/x.txt", "./a/y.txt"]],
    ["c.txt/*", []],
    ["none/*", []],
  ])("%s", (pattern, paths) => expect(globPaths(pattern, folder)).toEqual(paths));

  test("absolute", () => expect(globPaths(`${folder}/*/y.txt`, "/")).toEqual([`${folder}/a/y.txt`]));
});
