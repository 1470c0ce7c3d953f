import type { ConfigFinding } from "./config-finding.ts";
import { parsePlacedYaml, type PlacedYaml } from "./yaml-place.ts";

export type Path = readonly (string | number)[];
export type Report = (path: Path, finding: Pick<ConfigFinding, "rule" | "severity" | "message" | "remedy">) => void;

export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const objectAt = (value: unknown, key: string): Fields => {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : {};
};
export const listAt = (value: unknown, key: string): readonly unknown[] => {
  const inner = isObject(value) ? value[key] : undefined;
  return Array.isArray(inner) ? inner : [];
};

export const scalar = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** Findings about each document of a YAML file, in the order of their lines; syntax errors alone where there are some. */
export function withYaml(text: string, look: (document: unknown, report: Report) => void): ConfigFinding[] {
  const yaml: PlacedYaml = parsePlacedYaml(text);
  const unparsable = (message: string) =>
    ({ rule: "unparsable", severity: "error", message, remedy: "Mend the YAML." }) as const;
  if (yaml.errors.length > 0) return yaml.errors.map(({ message, ...at }) => ({ ...unparsable(message), ...at }));
  const findings: ConfigFinding[] = [];
  yaml.documents.forEach((document, index) => {
    look(document, (path, finding) => findings.push({ ...finding, ...yaml.place(path, index) }));
  });
  return findings.toSorted((a, b) => a.line - b.line);
}

export const missing = (message: string, remedy: string) =>
  ({ rule: "missing", severity: "warning", message, remedy }) as const;
export const danger = (message: string, remedy: string) =>
  ({ rule: "dangerous", severity: "warning", message, remedy }) as const;

/** Threads against the CPUs that are given. */
export function checkThreads(threads: unknown, cpus: unknown, path: Path, report: Report): void {
  if (threads === undefined) {
    report(
      path,
      missing(
        "no OMP_NUM_THREADS: each worker starts as many threads as the host has cores",
        "Set OMP_NUM_THREADS to the physical cores of the slice.",
      ),
    );
    return;
  }
  const cores = cpuCount(cpus);
  if (cores !== null && Number(scalar(threads)) > Math.ceil(cores)) {
    report(path, {
      rule: "contradiction",
      severity: "warning",
      message: `OMP_NUM_THREADS is ${scalar(threads)}, more than the ${cores} CPUs given: the quota will throttle it`,
      remedy: `Set OMP_NUM_THREADS to ${Math.max(1, Math.floor(cores))}.`,
    });
  }
}

/** `2`, `"0.5"` or Kubernetes' `500m`. */
export function cpuCount(value: unknown): number | null {
  const text = scalar(value);
  if (/^\d+m$/.test(text)) return Number(text.slice(0, -1)) / 1000;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
