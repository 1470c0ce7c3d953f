import type { Archive } from "../archive/archive.ts";
import { decodeSource } from "../python/decode-source.ts";
import { parsePython } from "../python/parse-python.ts";
import { fileFlows, readsAsConfiguration } from "./file-flows.ts";
import type { Flow } from "./flow.ts";
import { pythonFlows } from "./python-flows.ts";

/** A file as text, with its path in the archive. */
export interface AuditedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const largest = 512 * 1024;

/** Paths that the audit reads: Python and configuration, not too large to be written by people. */
export function auditedPaths(archive: Archive): string[] {
  return archive.entries
    .filter((entry) => entry.kind === "file" && entry.size <= largest && isAudited(entry.path))
    .map((entry) => entry.path);
}

function isAudited(path: string): boolean {
  return /\.pyi?$/.test(path) || readsAsConfiguration(path);
}

/**
 * The data flows of these files. A telemetry library, or a hub, whose switch is thrown in one of them is left out.
 * Static: what is built at run time from unknown parts is not seen, nor what libraries do without being told.
 */
export async function auditFiles(files: readonly AuditedFile[], entries: ReadonlySet<string>): Promise<Flow[]> {
  const texts = files.flatMap(({ path, bytes }) => {
    const text = decodeSource(bytes);
    return text === null ? [] : [{ path, text }];
  });
  const flows: Flow[] = [];
  for (const { path, text } of texts) {
    flows.push(...(/\.pyi?$/.test(path) ? pythonFlows(path, await parsePython(text), entries) : fileFlows(path, text)));
  }
  const all = texts.map(({ text }) => text).join("\n");
  return unique(flows).filter((flow) => !isSwitchedOff(flow, all));
}

function unique(flows: readonly Flow[]): Flow[] {
  const seen = new Set<string>();
  return flows.filter((flow) => {
    const key = [flow.kind, flow.file, flow.line, flow.target].join("\n");
    return !seen.has(key) && seen.add(key);
  });
}

/** `WANDB_MODE=disabled` in a Dockerfile, a compose file, or as `os.environ["WANDB_MODE"] = "disabled"`. */
function isSwitchedOff(flow: Flow, text: string): boolean {
  if (flow.kind !== "telemetry" && flow.kind !== "hub-download") return false;
  const [, name, value] = /^([A-Z_]+)=(\S+)/.exec(flow.provider?.off ?? "") ?? [];
  if (name === undefined || value === undefined) return false;
  return new RegExp(`\\b${name}["'\\])]*\\s*[=:,]\\s*["']?${value}\\b`, "i").test(text);
}
