import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";

const browserPath = process.env["MODEL_ARCHIVER_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
let folder = "";
let page = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "page-"));
  const file = join(folder, "bench.html");
  const run = ["bench", "fixtures/tiny/mnist_1x1x28x28.onnx", "--duration", "0.2", "--no-throughput", "--html", file];
  await runMain([...run, "--slo", "rss=1MB,p99=10s"]);
  page = await readFile(file, "utf8");
});
afterAll(() => rm(folder, { recursive: true }));

test("the page holds the verdict, the limits and the machine, and asks for nothing", () => {
  expect(page).toContain('<p id="verdict" class="not-ready">not ready</p>');
  expect(page).toContain("rss ");
  expect(page).toMatch(/engine: onnxruntime \d/i);
  expect(page).not.toMatch(/<script|https?:|url\(|@import/);
});

describe.skipIf(!existsSync(browserPath))("in Chromium (skipped: needs chromium)", () => {
  test.each([1280, 390])("nothing scrolls sideways at %i px, and the console is silent", async (width) => {
    const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
    try {
      const tab = await browser.newPage({ viewport: { width, height: 800 } });
      const said: string[] = [];
      tab.on("console", (message) => said.push(message.text()));
      await tab.goto(`file://${join(folder, "bench.html")}`);
      expect(await tab.locator("#verdict").isVisible()).toBe(true);
      expect(await tab.locator("table").first().isVisible()).toBe(true);
      expect(await tab.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      await tab.emulateMedia({ media: "print" });
      expect(await tab.locator("#verdict").isVisible()).toBe(true);
      expect(said).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
