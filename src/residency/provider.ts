import { readFileSync } from "node:fs";
import { packageFile } from "../package-file.ts";

export type ProviderKind =
  | "cloud"
  | "model-api"
  | "database"
  | "hub"
  | "registry"
  | "telemetry"
  | "messaging"
  | "tunnel";

/** A row of data/providers.json. */
export interface Provider {
  readonly id: string;
  readonly kind: ProviderKind;
  readonly provider: string;
  /** ISO 3166-1 code of the country whose law binds the provider or its group. */
  readonly seat: string;
  readonly domains: readonly string[];
  /** Names in Python's package index. */
  readonly packages: readonly string[];
  /** Modules that Python code imports. */
  readonly imports: readonly string[];
  /** Variables that its software reads. */
  readonly environment?: readonly string[];
  /** How its traffic is ended, beginning with `NAME=value` where a variable does it. */
  readonly off?: string;
  readonly source: string;
  readonly date: string;
}

let table: readonly Provider[] | undefined;

/** The table of the package, read once. */
export function providers(): readonly Provider[] {
  table ??= readTable();
  return table;
}

function readTable(): readonly Provider[] {
  const text = readFileSync(packageFile("data/providers.json"), "utf8");
  return (JSON.parse(text) as { providers: readonly Provider[] }).providers;
}

/** The provider of the longest domain that the host is, or lies below. */
export function providerOfHost(host: string): Provider | null {
  const name = host.toLowerCase().replace(/\.$/, "");
  let best: { readonly row: Provider; readonly length: number } | null = null;
  for (const row of providers()) {
    for (const domain of row.domains) {
      const fits = name === domain || name.endsWith(`.${domain}`);
      if (fits && domain.length > (best?.length ?? 0)) best = { row, length: domain.length };
    }
  }
  return best?.row ?? null;
}

/** The provider of the longest module path that is imported (`google.cloud` of `google.cloud.storage`). */
export function providerOfImport(module: string): Provider | null {
  let best: { readonly row: Provider; readonly length: number } | null = null;
  for (const row of providers()) {
    for (const name of row.imports) {
      const fits = module === name || module.startsWith(`${name}.`);
      if (fits && name.length > (best?.length ?? 0)) best = { row, length: name.length };
    }
  }
  return best?.row ?? null;
}

/** By the normalised name of PEP 503. */
export function providerOfPackage(name: string): Provider | null {
  const normal = normalName(name);
  return providers().find((row) => row.packages.some((each) => normalName(each) === normal)) ?? null;
}

export function providerOfVariable(name: string): Provider | null {
  return providers().find((row) => row.environment?.includes(name)) ?? null;
}

const normalName = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");
