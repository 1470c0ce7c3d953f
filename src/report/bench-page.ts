import type { BenchResult } from "../bench/bench.ts";
import { pageStyle } from "./bench-page-style.ts";
import { comparisonText, engineText, fromDiskText, trustText } from "./bench-report.ts";
import { limitText, short, valueText } from "./bench-text.ts";
import { formatDuration, formatSize, plural, printable } from "./text.ts";

/** One page that holds everything: no script, no request, readable dark, light, narrow and on paper. */
export function benchPage(result: BenchResult): string {
  const name = result.path.slice(result.path.lastIndexOf("/") + 1);
  const verdict = result.verdict ?? "measured";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${escape(name)}: ${verdict}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escape(name)}</h1>
<p id="verdict" class="${classOf(verdict)}">${verdict}</p>
<p class="quiet">Engine: ${escape(engineText(result))}${result.otherEngine === null ? "" : `. <strong>${escape(result.otherEngine)}.</strong>`}</p>
${tiles(result)}
${limits(result)}
<h2>Latency at batch 1</h2>
${distribution(result)}
${throughput(result)}
${result.comparison === null ? "" : `<h2>Against the baseline</h2>\n<p>${escape(comparisonText(result.comparison))}</p>`}
<h2>Can this be trusted?</h2>
<p>${escape(sentence(trustText(result)))}</p>
<h2>Every figure</h2>
${figures(result)}
<h2>Machine and archive</h2>
${facts(result)}
</main>
</body>
</html>
`;
}

const classOf = (words: string): string => words.replace(" ", "-");
const ms = (value: number): string => valueText(value, "ms");
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function escape(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return printable(text).replace(/[&<>"]/g, (char) => names[char] ?? char);
}

/** Cells are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  const top = head.length === 0 ? "" : `<thead>${cells("th", head)}</thead>`;
  return `<table>${top}<tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table>`;
}

/** What operators compare machines by. */
function tiles({ latency, coldStartMs, throughput: points, peakMemory }: BenchResult): string {
  const best = Math.max(...points.map((point) => point.rowsPerSecond));
  const rows = [
    ["P99 at batch 1", ms(latency.p99)],
    ...(points.length === 0 ? [] : [["requests per second", short(best)]]),
    ["cold start", formatDuration(coldStartMs)],
    ["peak memory", formatSize(peakMemory)],
  ];
  return `<dl>${rows.map(([title, value]) => `<div><dt>${title}</dt><dd>${value}</dd></div>`).join("")}</dl>`;
}

function limits({ slo }: BenchResult): string {
  if (slo === null) return "";
  const rows = slo.limits.map((limit) => [
    escape(limitText(limit)),
    `<span class="${classOf(limit.answer)}">${limit.answer}</span>`,
    escape(limit.reason ?? ""),
  ]);
  return `<h2>Limits</h2>\n${table([], rows)}`;
}

/** Bars from the fastest run to the slow ones, with the median and the P99 marked where they lie within. */
function distribution({ bins, latency }: BenchResult): string {
  const { from, to, counts } = bins;
  const most = Math.max(1, ...counts);
  const rects = counts.map((count, i) => {
    const tall = Math.max(count > 0 ? 1 : 0, (100 * count) / most);
    return `<rect x="${i * 10 + 0.5}" y="${(100 - tall).toFixed(1)}" width="9" height="${tall.toFixed(1)}"/>`;
  });
  const marks = [latency.p50, latency.p99].map((value) => {
    const share = Math.min(1, Math.max(0, (value - from) / Math.max(to - from, 1e-9)));
    return `<i style="left:${(share * 100).toFixed(1)}%"></i>`;
  });
  return [
    `<div class="chart"><svg viewBox="0 0 ${counts.length * 10} 100" preserveAspectRatio="none" role="img" aria-label="Distribution of latency">${rects.join("")}</svg>${marks.join("")}</div>`,
    `<p class="ends"><span>${ms(from)}</span><span>${ms(to)}</span></p>`,
    `<p class="quiet">Dashed: P50 ${ms(latency.p50)}, P99 ${ms(latency.p99)}; ${plural(latency.runs, "run")}.</p>`,
  ].join("\n");
}

function throughput({ throughput: points }: BenchResult): string {
  if (points.length === 0) return "";
  const most = Math.max(...points.map((point) => point.rowsPerSecond));
  const rows = points.map(({ workers, threads, batch, rowsPerSecond, p99 }) => {
    const share = ((100 * rowsPerSecond) / most).toFixed(1);
    const bar = `<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="${share}" height="6"/></svg>`;
    return `<tr><td>${workers} × ${threads}</td><td>${batch}</td><td>${short(rowsPerSecond)}</td><td class="bar">${bar}</td><td>${ms(p99)}</td></tr>`;
  });
  const head = ["workers × threads", "batch", "requests/s", "", "P99"].map((cell) => `<th>${cell}</th>`).join("");
  return `<h2>Throughput</h2>\n<table class="points"><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function figures(result: BenchResult): string {
  const { latency, loadMs, coldStartMs, firstMs, peakMemory } = result;
  return table(
    [],
    [
      ["model load", formatDuration(loadMs)],
      ["cold start, page cache warm", formatDuration(coldStartMs)],
      ["cold start, from the disk", escape(fromDiskText(result))],
      ["first run", formatDuration(firstMs)],
      ["minimum · mean · maximum", [latency.min, latency.mean, latency.max].map(ms).join(" · ")],
      ["P50 · P90 · P95 · P99", [latency.p50, latency.p90, latency.p95, latency.p99].map(ms).join(" · ")],
      ["peak memory", formatSize(peakMemory)],
    ],
  );
}

function facts({ machine, path, format, input, measuredAt }: BenchResult): string {
  const quota = machine.cpuQuota === null ? "" : `, quota ${machine.cpuQuota}`;
  return table(
    [],
    [
      ["archive", `${escape(path)} (${escape(format)})`],
      ["input", escape(input)],
      ["processor", escape(machine.processor ?? "unknown")],
      ["cores", `${plural(machine.physicalCores, "physical core")}, ${machine.logicalCores} logical${quota}`],
      ["vector extensions", escape(machine.simd.join(" "))],
      ["memory", formatSize(machine.memory)],
      ["measured", escape(measuredAt.replace("T", " ").replace(/\.\d+Z$/, " UTC"))],
    ],
  );
}
