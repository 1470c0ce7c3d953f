import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { auditFiles } from "../../../src/residency/audit.ts";
import { judgeFlow, readResidencyPolicy } from "../../../src/residency/jurisdiction.ts";
import { providers } from "../../../src/residency/provider.ts";
import { flowing, type FlowCase } from "./cases.ts";
import { harmless } from "./clean-cases.ts";

async function found({ file = "handler.py", text }: FlowCase): Promise<string[]> {
  const flows = await auditFiles([{ path: file, bytes: Buffer.from(text) }], new Set([file]));
  return flows.map((flow) => `${flow.line} ${flow.kind} ${flow.target}${flow.plainHttp ? " plain" : ""}`);
}

test("there are forty flows and forty clean files", () => {
  expect(flowing.length).toBeGreaterThanOrEqual(40);
  expect(harmless.length).toBeGreaterThanOrEqual(40);
});

test.each(flowing.map((each) => [each.title, each] as const))("flow: %s", async (_, each) => {
  expect(await found(each)).toEqual(each.flows);
});

test.each(harmless.map((each) => [each.title, each] as const))("clean: %s", async (_, each) => {
  expect(await found(each)).toEqual([]);
});

test("the table of providers is complete and unambiguous", () => {
  const rows = providers();
  expect(rows.length).toBeGreaterThanOrEqual(120);
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  for (const row of rows) {
    expect(row.seat, row.id).toMatch(/^[A-Z]{2}$/);
    expect(row.source, row.id).toMatch(/^https:\/\//);
    expect(row.date, row.id).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(row.domains.length + row.packages.length, row.id).toBeGreaterThan(0);
  }
});

test.each([
  ["eu", "mistral", "allowed"],
  ["eu", "openai", "third-country"],
  ["eu", "exoscale", "third-country"],
  ["ch", "exoscale", "allowed"],
  ["no", "mistral", "third-country"],
  ["eea", "hetzner", "allowed"],
] as const)("--residency %s: %s is %s", async (area, id, judgement) => {
  const policy = await readResidencyPolicy(area);
  const provider = providers().find((row) => row.id === id) ?? null;
  expect(provider).not.toBeNull();
  const flow = { kind: "sdk", file: "h.py", line: 1, target: id, provider, plainHttp: false } as const;
  expect(judgeFlow(flow, policy)).toBe(judgement);
});

test("an area that nobody knows is refused", async () => {
  await expect(readResidencyPolicy("mars")).rejects.toMatchObject({ code: "usage" });
});

test("the data file has one row a line, so that a change shows as one", () => {
  const lines = readFileSync("data/providers.json", "utf8")
    .split("\n")
    .filter((line) => line.includes('"id"'));
  expect(lines.length).toBe(providers().length);
});
