import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly needs?: string;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = ".github/workflows";
const read = (name: string): Workflow => parse(readFileSync(`${folder}/${name}`, "utf8"));

describe.each(readdirSync(folder))("%s", (name) => {
  const workflow = read(name);
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? []);

  test("may read, and nothing else unless a job says so; holds no secret", () => {
    expect(Object.entries(workflow.permissions).filter(([what, how]) => what !== "contents" || how !== "read")).toEqual(
      [],
    );
    expect(readFileSync(`${folder}/${name}`, "utf8")).not.toMatch(/secrets\.|pull_request_target/);
  });

  test("names actions by commit, and scripts that exist", () => {
    for (const { uses, run = "" } of steps) {
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      // What an event brings is never put into a script's text.
      expect(run).not.toContain("${{");
      for (const [file] of run.matchAll(/(?:\.ci|scripts)\/[\w.-]+/g)) expect(existsSync(file), file).toBe(true);
    }
  });
});

test("a release is published by one job, after CI, with provenance and nothing but the workflow's identity", () => {
  const { on, permissions, jobs } = read("release.yml");
  expect(on).toEqual({ push: { tags: ["v*"] } });
  expect(permissions).toEqual({});
  const writers = Object.entries(jobs).filter(([, job]) => Object.values(job.permissions ?? {}).includes("write"));
  expect(writers.map(([name]) => name)).toEqual(["publish"]);
  expect(jobs["publish"]).toMatchObject({ needs: "ci", permissions: { contents: "read", "id-token": "write" } });
  expect(jobs["ci"]?.uses).toBe("./.github/workflows/ci.yml");
  const runs = (jobs["publish"]?.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run]));
  expect(runs[0]).toBe('node scripts/version.js --release "$GITHUB_REF_NAME"');
  expect(runs.at(-1)).toBe("npm publish --provenance --access public");
});
