import { scanJson } from "./json-scan.ts";
import type { ManifestIssue, ManifestRule } from "./manifest.ts";

export interface JsonReading {
  /** Undefined when the text is no JSON. */
  readonly value: unknown;
  readonly issues: readonly ManifestIssue[];
}

/**
 * JSON as every party of TorchServe reads it the same way: bounded, UTF-8 without a byte order mark (Java accepts one,
 * the Python worker dies), RFC 8259 to the letter, no duplicate key. Never throws.
 */
export function readStrictJson(bytes: Uint8Array, byteLimit: number): JsonReading {
  if (bytes.length > byteLimit) {
    return stopped("size", `${bytes.length} bytes; more than ${byteLimit} are not read`);
  }
  const issues: ManifestIssue[] = [];
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (start > 0) {
    issues.push(issue("bom", "begins with a byte order mark; TorchServe's Python worker dies of it"));
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start));
  } catch {
    return stopped("encoding", "is no UTF-8");
  }
  issues.push(...scanJson(text));
  if (issues.some((each) => each.rule === "syntax" || each.rule === "depth")) return { value: undefined, issues };
  try {
    return { value: JSON.parse(text), issues };
  } catch {
    // Only when the scan stopped at its cap of issues before it met the bad syntax.
    return { value: undefined, issues: [...issues, issue("syntax", "is no JSON")] };
  }
}

function stopped(rule: ManifestRule, message: string): JsonReading {
  return { value: undefined, issues: [issue(rule, message)] };
}

function issue(rule: ManifestRule, message: string): ManifestIssue {
  return { rule, pointer: "", message, severity: "error" };
}
