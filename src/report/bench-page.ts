import type { BenchResult } from "../bench/bench.ts";
import { comparisonText, engineText, fromDiskText, trustText } from "./bench-report.ts";
import { limitText, short } from "./bench-text.ts";
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
<style>${style}</style>
</head>
<body>
<main>
<h1>${escape(name)}</h1>
<p id="verdict" class="${verdict.replace(" ", "-")}">${verdict}</p>
<p>Engine: ${escape(engineText(result))}${result.otherEngine === null ? "" : `. <strong>${escape(result.otherEngine)}.</strong>`}</p>
${limits(result)}
<h2>Figures</h2>
${figures(result)}
<h2>Latency at batch 1</h2>
${bars(result)}
${throughput(result)}
${result.comparison === null ? "" : `<h2>Baseline</h2><p>${escape(comparisonText(result.comparison))}</p>`}
<h2>Can this be trusted?</h2>
<p>${escape(trustText(result))}</p>
<h2>Machine and archive</h2>
${facts(result)}
</main>
</body>
</html>
`;
}

const style = `
:root{color-scheme:light dark;--text:#1a1a1a;--quiet:#555;--back:#fff;--line:#d0d0d0;--bar:#2563a8;--good:#12652f;--bad:#a4161a;--open:#7a4b00}
@media (prefers-color-scheme:dark){:root{--text:#ececec;--quiet:#b4b4b4;--back:#161616;--line:#444;--bar:#7fb2ea;--good:#7bd69a;--bad:#ff9c9c;--open:#f0c674}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{overflow-wrap:anywhere}
#verdict{font-size:2rem;font-weight:700;margin:.25rem 0}
.ready,.ok{color:var(--good)}.not-ready,.over{color:var(--bad)}.not-proven{color:var(--open)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .5rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere;vertical-align:top}
th{font-weight:600;color:var(--quiet)}
svg{display:block;width:100%;height:auto}
svg rect{fill:var(--bar)}svg text{fill:var(--quiet);font-size:12px}
@media print{:root{color-scheme:light;--text:#000;--quiet:#444;--back:#fff;--line:#bbb;--bar:#2563a8;--good:#12652f;--bad:#a4161a;--open:#7a4b00}h2,table,svg{break-inside:avoid}*{print-color-adjust:exact}}
`;

function escape(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return printable(text).replace(/[&<>"]/g, (char) => names[char] ?? char);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  const top = head.length === 0 ? "" : `<thead>${cells("th", head)}</thead>`;
  return `<table>${top}<tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table>`;
}

function limits({ slo }: BenchResult): string {
  if (slo === null) return "";
  const rows = slo.limits.map((limit) => [
    escape(limitText(limit)),
    `<span class="${limit.answer.replace(" ", "-")}">${limit.answer}</span>`,
    escape(limit.reason ?? ""),
  ]);
  return `<h2>Limits</h2>${table(["limit", "", ""], rows)}`;
}

function figures(result: BenchResult): string {
  const { latency, loadMs, coldStartMs, firstMs, peakMemory } = result;
  const ms = (value: number): string => `${short(value)} ms`;
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

const chart = { width: 600, height: 160, foot: 20 } as const;

function bars({ bins }: BenchResult): string {
  const { width, height, foot } = chart;
  const most = Math.max(1, ...bins.counts);
  const step = width / Math.max(1, bins.counts.length);
  const rects = bins.counts.map((count, i) => {
    const tall = ((height - foot) * count) / most;
    return `<rect x="${(i * step + 1).toFixed(1)}" y="${(height - foot - tall).toFixed(1)}" width="${(step - 2).toFixed(1)}" height="${tall.toFixed(1)}"/>`;
  });
  const ends = `<text x="0" y="${height - 4}">${short(bins.from)} ms</text><text x="${width}" y="${height - 4}" text-anchor="end">${short(bins.to)} ms and more</text>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Distribution of latency">${rects.join("")}${ends}</svg>`;
}

function throughput({ throughput: points }: BenchResult): string {
  if (points.length === 0) return "";
  const most = Math.max(...points.map((point) => point.rowsPerSecond));
  const rows = points.map((point) => [
    String(point.workers),
    String(point.threads),
    String(point.batch),
    `${short(point.rowsPerSecond)}/s <svg viewBox="0 0 100 6" aria-hidden="true"><rect width="${((100 * point.rowsPerSecond) / most).toFixed(1)}" height="6"/></svg>`,
    `${short(point.p99)} ms`,
  ]);
  return `<h2>Throughput</h2>${table(["workers", "threads", "batch", "requests", "P99"], rows)}`;
}

function facts({ machine, path, format, input, measuredAt }: BenchResult): string {
  const quota = machine.cpuQuota === null ? "" : `, quota ${machine.cpuQuota}`;
  return table(
    [],
    [
      ["processor", escape(machine.processor ?? "unknown")],
      ["cores", `${plural(machine.physicalCores, "physical core")}, ${machine.logicalCores} logical${quota}`],
      ["vector extensions", escape(machine.simd.join(" "))],
      ["memory", formatSize(machine.memory)],
      ["archive", `${escape(path)} (${escape(format)})`],
      ["input", escape(input)],
      ["measured", escape(measuredAt)],
    ],
  );
}
