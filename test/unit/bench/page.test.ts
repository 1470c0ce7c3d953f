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
  const run = ["bench", "fixtures/tiny/mnist_1x1x28x28.onnx", "--duration", "0.2", "--html", file];
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
      for (const part of ["dl", ".chart svg", "table .bar svg"]) {
        expect(await tab.locator(part).first().isVisible(), part).toBe(true);
      }
      expect(await tab.locator("table").count()).toBe(await tab.locator("table:visible").count());
      expect(await tab.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      await tab.emulateMedia({ media: "print" });
      for (const part of ["#verdict", "table", ".chart svg"]) {
        expect(await tab.locator(part).first().isVisible(), part).toBe(true);
      }
      expect(said).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test.each(["light", "dark"] as const)(
    "text stands out from its ground, 4.5 to 1 at least: %s",
    async (colorScheme) => {
      const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
      try {
        const tab = await browser.newPage({ colorScheme });
        await tab.goto(`file://${join(folder, "bench.html")}`);
        const ratios: unknown = await tab.evaluate(contrasts);
        expect(ratios).toBeInstanceOf(Array);
        if (!Array.isArray(ratios)) return;
        expect(ratios.length).toBeGreaterThan(10);
        expect(Math.min(...ratios.map(Number))).toBeGreaterThanOrEqual(4.5);
      } finally {
        await browser.close();
      }
    },
  );
});

/** In the page: the contrast (WCAG 2.2, 1.4.3) of every element that has text of its own. */
const contrasts = `[...document.querySelectorAll("body *")].filter((element) =>
  [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "")).map((element) => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    let ground = element;
    while (ground && (rgb(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    const light = ([r, g, b]) => [0.2126 * r, 0.7152 * g, 0.0722 * b].reduce((sum, part) => sum + part, 0);
    const linear = (values) => values.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    const style = getComputedStyle(element);
    const ink = rgb(element instanceof SVGElement ? style.fill : style.color);
    const root = getComputedStyle(document.documentElement).backgroundColor;
    const [a, b] = [light(linear(ink)), light(linear(rgb(ground ? getComputedStyle(ground).backgroundColor : root)))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  })`;
