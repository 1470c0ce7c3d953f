import { expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { type Check, type Finding, type NoAnswer, notApplicable, skipped } from "../../../src/checks/check.ts";
import { checks as registry } from "../../../src/checks/registry.ts";
import { runChecks } from "../../../src/checks/run-checks.ts";
import { Scales } from "../../../src/verify/exceptions.ts";
import { exitCodeOf, verdictOf } from "../../../src/verify/verdict.ts";

const file = "fixtures/tiny/cnn10_static.onnx";
const finding = (message: string, at: string | null = null): Finding => ({ message, at });

function check(id: string, answer: readonly Finding[] | NoAnswer, more: Partial<Check> = {}): Check {
  return {
    id,
    title: id,
    severity: "error",
    why: "",
    remedy: "",
    async *run() {
      if ("length" in answer) yield* answer;
      else return answer;
    },
    ...more,
  };
}

async function judge(
  checks: readonly Check[],
  options: { static?: boolean; strict?: boolean; ignore?: string[] } = {},
) {
  const archive = await openArchive(file);
  const subject = archiveSubject(archive);
  const waivers = (options.ignore ?? []).map((rule) => ({ rule, at: null, source: "--ignore", reason: null }));
  const scales = new Scales(waivers, options.strict ?? false);
  const outcomes = await runChecks(subject, checks, {
    static: options.static ?? false,
    stops: (outcome) => scales.stops(outcome),
    excepted: (outcome) => scales.weigh(outcome) === "excepted",
  });
  await archive.close();
  const inferred = outcomes.some(({ check: { runsModel }, status }) => runsModel && status === "passed");
  const stops = (outcome: (typeof outcomes)[number]) => scales.stops(outcome);
  const verdict = verdictOf({ outcomes, stops, static: options.static ?? false, inferred });
  return {
    verdict,
    outcomes: outcomes.map(({ check: { id }, status, reason }) => `${id} ${status}${reason ? ` (${reason})` : ""}`),
  };
}

const run = check("model/runs", [], { runsModel: true });

test("everything passed and the model ran: ready", async () => {
  expect(await judge([check("a/one", []), check("a/two", notApplicable), run])).toEqual({
    verdict: "ready",
    outcomes: ["a/one passed", "a/two n/a", "model/runs passed"],
  });
});

test("a failed error: not ready, and the model does not run", async () => {
  expect(await judge([check("a/one", [finding("bad")]), run])).toEqual({
    verdict: "not ready",
    outcomes: ["a/one failed", "model/runs skipped (after a/one)"],
  });
});

test("a failed warning does not keep the model from running; with --strict it does", async () => {
  const warning = check("a/one", [finding("odd")], { severity: "warning" });
  expect((await judge([warning, run])).verdict).toBe("ready");
  expect(await judge([warning, run], { strict: true })).toEqual({
    verdict: "not ready",
    outcomes: ["a/one failed", "model/runs skipped (after a/one)"],
  });
});

test("what comes after a failed check is skipped, and what comes after that", async () => {
  const first = check("a/one", [finding("bad")]);
  const second = check("a/two", [finding("noise")], { after: [first] });
  const third = check("a/three", [], { after: [second] });
  expect((await judge([third, second, first])).outcomes).toEqual([
    "a/three passed",
    "a/two skipped (after a/one)",
    "a/one failed",
  ]);
});

test("an error-level check that could not answer: not proven, with --static too", async () => {
  const mute = check("a/one", skipped("--no-digests"));
  expect((await judge([mute, run])).verdict).toBe("not proven");
  expect((await judge([mute, run], { static: true })).verdict).toBe("not proven");
  expect((await judge([{ ...mute, severity: "warning" }, run])).verdict).toBe("ready");
});

test("no inference: not proven; with --static: sound", async () => {
  const mute = check("model/runs", skipped("no engine"), { runsModel: true });
  expect((await judge([check("a/one", []), mute])).verdict).toBe("not proven");
  expect((await judge([check("a/one", [])])).verdict).toBe("not proven");
  expect(await judge([check("a/one", []), run], { static: true })).toEqual({
    verdict: "sound",
    outcomes: ["a/one passed", "model/runs skipped (--static)"],
  });
});

test("an exception lets the model run and the checks after it answer", async () => {
  const first = check("a/one", [finding("known")]);
  const second = check("a/two", [], { after: [first] });
  expect(await judge([first, second, run], { ignore: ["a/one"] })).toEqual({
    verdict: "ready",
    outcomes: ["a/one failed", "a/two passed", "model/runs passed"],
  });
  expect((await judge([first, run], { ignore: ["a/*"] })).verdict).toBe("ready");
  expect((await judge([first, run], { ignore: ["b/*", "a/on"] })).verdict).toBe("not ready");
});

test("a check that throws is a bug", async () => {
  const broken = check("a/one", [], {
    async *run() {
      await Promise.reject(new TypeError("oops"));
      yield finding("never");
    },
  });
  await expect(judge([broken])).rejects.toThrow("oops");
});

test("a check with no end of findings is cut, and its generator closed", async () => {
  let closed = false;
  const endless = check("a/one", [], {
    async *run() {
      try {
        for (let i = 0; ; i += 1) yield finding(String(i));
      } finally {
        closed = true;
      }
    },
  });
  expect((await judge([endless])).verdict).toBe("not ready");
  expect(closed).toBe(true);
});

test("exceptions by place cover only findings there", () => {
  const waivers = [{ rule: "a/one", at: "lib", source: "policy", reason: "reviewed" }];
  const scales = new Scales(waivers, false);
  const outcome = (...places: (string | null)[]) => ({
    check: check("a/one", []),
    status: "failed" as const,
    findings: places.map((at) => finding("x", at)),
  });
  expect(scales.weigh(outcome("lib/a.py", "lib/b.py:3:1"))).toBe("excepted");
  expect(scales.weigh(outcome("lib"))).toBe("excepted");
  expect(scales.weigh(outcome("lib:7"))).toBe("excepted");
  expect(scales.weigh(outcome("lib/a.py", "other.py"))).toBe("error");
  expect(scales.weigh(outcome("library.py"))).toBe("error");
  expect(scales.weigh(outcome(null))).toBe("error");
  expect(scales.exceptions()).toEqual([{ ...waivers[0], used: true }]);
});

test.each([
  [["ready", "sound"], false, 0],
  [["ready", "not proven"], false, 1],
  [["ready", "not ready"], false, 1],
  [["not proven"], true, 2],
  [["not ready"], true, 1],
  [["not ready", null], false, 2],
] as const)("exit code of %j (engine missing: %s) is %i", (verdicts, missing, code) => {
  expect(exitCodeOf(verdicts, missing)).toBe(code);
});

test("ids are unique, well-formed, and every check says why and what to do", () => {
  expect(new Set(registry.map(({ id }) => id)).size).toBe(registry.length);
  for (const { id, title, why, remedy } of registry) {
    expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*\/[a-z0-9]+(?:-[a-z0-9]+)*$/);
    for (const text of [title, why, remedy]) expect(text, id).toMatch(/^\S.{9,}/);
  }
});

test("no check waits for itself, and a static check for no run", () => {
  const walk = (one: Check, path: readonly Check[]): void => {
    expect(path, one.id).not.toContain(one);
    for (const before of one.after ?? []) {
      if (!one.runsModel) expect(before.runsModel, one.id).toBeUndefined();
      expect(registry, `${one.id} after ${before.id}`).toContain(before);
      walk(before, [...path, one]);
    }
  };
  for (const one of registry) walk(one, []);
});
