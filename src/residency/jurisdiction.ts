import { readFile } from "node:fs/promises";
import { ArchiverError } from "../errors.ts";
import type { Flow } from "./flow.ts";

const eu = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split(" ");
const eea = [...eu, "IS", "LI", "NO"];

/** Countries whose law may bind a provider, by the name the user gives. */
const areas: Readonly<Record<string, readonly string[]>> = { eu, eea, no: ["NO"], ch: ["CH"] };

/** Whether this names an area, and no policy file. */
export function isArea(name: string): boolean {
  return Object.hasOwn(areas, name.toLowerCase());
}

/** What is allowed to leave, and where to. */
export interface ResidencyPolicy {
  /** `eu`, or the policy file. */
  readonly name: string;
  /** ISO 3166-1 codes. */
  readonly countries: ReadonlySet<string>;
  /** Rows of the provider table that are allowed whatever their seat. */
  readonly providers: ReadonlySet<string>;
  /** Hosts that are allowed, with everything below them. */
  readonly hosts: readonly string[];
}

/**
 * `eu`, `eea`, `no`, `ch`, or a YAML file: `{countries: [eu, CH], providers: [pypi], hosts: [models.example.org]}`.
 * Throws ArchiverError for anything else.
 */
export async function readResidencyPolicy(name: string): Promise<ResidencyPolicy> {
  const area = areas[name.toLowerCase()];
  if (area) return { name, countries: new Set(area), providers: new Set(), hosts: [] };
  const text = await readFile(name, "utf8").catch((cause: unknown) => {
    const remedy = "Use --residency eu, eea, no, ch, or the path of a policy file.";
    throw new ArchiverError("usage", `--residency ${name} is no area that we know and no file`, { cause, remedy });
  });
  const document = await parsed(text, name);
  const list = (key: string) => {
    const value = typeof document === "object" && document !== null ? (document as Record<string, unknown>)[key] : null;
    return Array.isArray(value) ? value.map(String) : [];
  };
  const countries = list("countries").flatMap((each) => areas[each.toLowerCase()] ?? [each.toUpperCase()]);
  if (countries.length === 0) {
    throw new ArchiverError("usage", `${name} allows no country`, { remedy: "Write countries: [eu]." });
  }
  return { name, countries: new Set(countries), providers: new Set(list("providers")), hosts: list("hosts") };
}

async function parsed(text: string, name: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text, { maxAliasCount: 50 });
  } catch (cause) {
    const [message] = cause instanceof Error ? cause.message.split("\n") : [];
    throw new ArchiverError("usage", `${name} is no YAML: ${message}`, { cause, remedy: "Write countries: [eu]." });
  }
}

export type Judgement = "allowed" | "third-country" | "unknown";

/** Where a flow goes, in the light of the policy. */
export function judgeFlow(flow: Flow, policy: ResidencyPolicy): Judgement {
  const host = flow.target.toLowerCase();
  if (policy.hosts.some((each) => host === each || host.endsWith(`.${each}`))) return "allowed";
  if (flow.provider === null) return "unknown";
  if (policy.providers.has(flow.provider.id)) return "allowed";
  return policy.countries.has(flow.provider.seat) ? "allowed" : "third-country";
}
