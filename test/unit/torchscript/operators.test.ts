import { beforeAll, describe, expect, it } from "vitest";

import { isSupported } from "../../../src/torchscript/operators/registry.ts";
import { readCases, runCases } from "./operator-cases.ts";

const cases = readCases(new URL("../../../fixtures/operators/cases.json.gz", import.meta.url));
const names = [...new Set(cases.map(({ op }) => op))];
/** Calls in one graph: enough to make a session worth its while, few enough to find a culprit quickly. */
const together = 100;

describe.each([
  { when: "inputs that are known at run time only", constant: false },
  { when: "inputs that are constants of the program", constant: true },
])("operators give PyTorch's results, of $when", ({ constant }) => {
  const problems = new Map<string, string[]>();

  beforeAll(async () => {
    for (let at = 0; at < cases.length; at += together) {
      for (const verdict of await runCases(cases.slice(at, at + together), constant)) {
        if (verdict.problem === null) continue;
        const call = JSON.stringify([verdict.case.args, verdict.case.kwargs ?? {}]).slice(0, 300);
        problems.set(verdict.case.op, [...(problems.get(verdict.case.op) ?? []), `${verdict.problem} of ${call}`]);
      }
    }
  }, 300_000);

  it.each(names)("%s", (name) => {
    expect(problems.get(name) ?? []).toEqual([]);
  });
});

it("has every operator that the cases call", () => {
  expect(names.map((name) => name.split(".")[0]).filter((name) => !isSupported(name))).toEqual([]);
});
