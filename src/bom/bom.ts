import type { Archive } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { readRequirements } from "../checks/requirements/read-requirements.ts";
import type { Subject } from "../checks/subject.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { compareUtf8 } from "../manifest/compare.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { auditedPaths, auditFiles } from "../residency/audit.ts";
import type { Flow } from "../residency/flow.ts";
import { toolVersion } from "../version.ts";
import { declaredLicence, isLicenceFile, licenceOfText } from "./licences.ts";
import type { Bom, Component, Licence, ModelCard, PerformanceMetric, Property, Service } from "./cyclonedx.ts";
import { bomPath } from "./cyclonedx.ts";
import type { Measured } from "./measured.ts";

export interface BomOptions {
  readonly specVersion?: "1.6" | "1.7";
  /** What `verify` or `bench` measured. */
  readonly measured?: Measured;
  /** Whether the archive carries it; by default: whether it carries one already. */
  readonly packed?: boolean;
}

const modelReference = "model";

/**
 * A CycloneDX ML-BOM of an archive: the model with its card, every file with its digest, Python requirements, licences
 * and data flows. No serial number and no time: the same archive gives the same text. Reads every byte once.
 *
 * What an archive carries cannot speak of itself, nor of the manifest that has its digest. So the bill of materials of
 * an archive that carries one leaves both out, and is the same text as the one in it.
 */
export async function buildBom(archive: Archive, options: BomOptions = {}): Promise<Bom> {
  const subject = archiveSubject(archive);
  const { packed = archive.entries.some(({ path }) => path === bomPath) } = options;
  const files = await fileComponents(archive, packed ? [bomPath, manifestPath] : []);
  const libraries = await libraryComponents(subject);
  const services = await serviceRows(subject);
  const dependsOn = [...files, ...libraries].map((component) => component["bom-ref"]);
  const { specVersion = "1.6" } = options;
  return {
    $schema: `http://cyclonedx.org/schema/bom-${specVersion}.schema.json`,
    bomFormat: "CycloneDX",
    specVersion,
    version: 1,
    metadata: {
      tools: { components: [{ type: "application", name: "model-archiver", version: toolVersion() }] },
      component: await modelComponent(subject, { ...options, packed }),
    },
    components: [...files, ...libraries],
    ...(services.length === 0 ? {} : { services }),
    dependencies: [{ ref: modelReference, dependsOn }],
  };
}

/** As it is written to files. */
export function bomText(bom: Bom): string {
  return `${JSON.stringify(bom, null, 2)}\n`;
}

async function modelComponent(subject: Subject, options: BomOptions): Promise<Component> {
  const manifest = (await subject.manifest())?.manifest ?? null;
  const { modelName, modelVersion, handler } = manifest?.model ?? {};
  const licences = await licencesOf(subject);
  const root = manifest?.modelArchiver?.integrity?.root;
  const properties = [
    property("handler", handler),
    property("runtime", manifest?.runtime),
    property("integrity:sha256", options.packed ? undefined : root),
  ].filter((row) => row !== null);
  const fallback = subject.archive.location.split(/[/\\]/u).at(-1) ?? "model";
  return {
    type: "machine-learning-model",
    "bom-ref": modelReference,
    name: typeof modelName === "string" ? modelName : fallback,
    ...(typeof modelVersion === "string" ? { version: modelVersion } : {}),
    ...(licences.length === 0 ? {} : { licenses: licences }),
    modelCard: await modelCard(subject, options),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

function property(name: string, value: unknown): Property | null {
  return typeof value === "string" ? { name: `model-archiver:${name}`, value } : null;
}

async function modelCard(subject: Subject, { measured }: BomOptions): Promise<ModelCard> {
  const model = await subject.model();
  const signature = await subject.signature();
  const describe = (value: ValueInfo): { format: string } => {
    const shape = value.shape === null ? "any shape" : `[${value.shape.map((dim) => dim ?? "?").join(", ")}]`;
    return { format: `${value.name}: ${value.type ?? value.dtype} ${shape}` };
  };
  const properties = [
    property("format", model?.format),
    property("file", model?.entry.path),
    property("parameters", signature?.parameters === null ? undefined : signature?.parameters.toString()),
    ...Object.entries(signature?.facts ?? {}).map(([name, value]) => property(`fact:${name}`, value)),
    ...Object.entries(signature?.operators ?? {})
      .toSorted(([a], [b]) => compareUtf8(a, b))
      .map(([name, count]) => property(`operator:${name}`, String(count))),
  ].filter((row) => row !== null);
  return {
    modelParameters:
      signature === null ? {} : { inputs: signature.inputs.map(describe), outputs: signature.outputs.map(describe) },
    ...(measured === undefined ? {} : { quantitativeAnalysis: { performanceMetrics: metricsOf(measured) } }),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

function metricsOf({ engine, metrics }: Measured): readonly PerformanceMetric[] {
  const text = (milliseconds: number): string => `${Math.round(milliseconds * 1000) / 1000} ms`;
  return metrics.map(({ type, milliseconds, interval }) => ({
    type,
    value: text(milliseconds),
    slice: engine,
    ...(interval === null
      ? {}
      : { confidenceInterval: { lowerBound: text(interval.low), upperBound: text(interval.high) } }),
  }));
}

async function fileComponents(archive: Archive, without: readonly string[]): Promise<readonly Component[]> {
  const { of } = await archive.digests();
  const seen = new Set<string>(without);
  return archive.entries
    .filter(({ kind, path }) => kind === "file" && !seen.has(path) && seen.add(path))
    .toSorted((a, b) => compareUtf8(a.path, b.path))
    .map((entry): Component => {
      const digest = of.get(entry);
      return {
        type: "file",
        "bom-ref": `file:${entry.path}`,
        name: entry.path,
        ...(digest === undefined ? {} : { hashes: [{ alg: "SHA-256", content: digest.sha256 }] }),
        properties: [{ name: "model-archiver:size", value: String(entry.size) }],
      };
    });
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/pypi-definition.md */
async function libraryComponents(subject: Subject): Promise<readonly Component[]> {
  const found = await readRequirements(subject);
  const rows = new Map<string, Component>();
  for (const { name, versions, source } of found?.requirements ?? []) {
    const plain = name.toLowerCase().replaceAll(/[-_.]+/gu, "-");
    const version = /^={2,3}\s*([^\s,;*]+)$/u.exec(versions)?.[1];
    const purl = `pkg:pypi/${plain}${version === undefined ? "" : `@${encodeURIComponent(version)}`}`;
    if (plain === "" || rows.has(purl)) continue;
    const asked = [property("requirement", versions === "" ? undefined : versions), property("source", source)];
    const properties = asked.filter((row) => row !== null);
    rows.set(purl, {
      type: "library",
      "bom-ref": purl,
      name: plain,
      ...(version === undefined ? {} : { version }),
      purl,
      ...(properties.length === 0 ? {} : { properties }),
    });
  }
  return [...rows.values()].toSorted((a, b) => compareUtf8(a["bom-ref"], b["bom-ref"]));
}

/** Bytes of the largest file that is looked through for a licence. */
const licenceLimit = 256 << 10;

async function licencesOf(subject: Subject): Promise<readonly Licence[]> {
  const ids = new Set<string>();
  for (const { path, kind } of subject.archive.entries) {
    const asText = isLicenceFile(path);
    if (kind !== "file" || !(asText || /\.(?:py|md)$/iu.test(path))) continue;
    const text = await subject.text(path, licenceLimit);
    const id = text === null ? null : ((asText ? licenceOfText(text) : null) ?? declaredLicence(path, text));
    if (id !== null) ids.add(id);
  }
  return [...ids].toSorted(compareUtf8).map((id) => ({ license: { id } }));
}

async function serviceRows(subject: Subject): Promise<readonly Service[]> {
  const { archive } = subject;
  const files = [];
  for (const path of auditedPaths(archive)) {
    const bytes = await subject.bytes(path);
    if (bytes !== null) files.push({ path, bytes });
  }
  const flows = await auditFiles(files, new Set(archive.entries.map(({ path }) => path)));
  const rows = new Map<string, Service>();
  for (const flow of flows) {
    const name = flow.provider?.provider ?? flow.target;
    const before = rows.get(name);
    const endpoints = new Set(before?.endpoints);
    if (flow.kind === "endpoint" || flow.kind === "registry") endpoints.add(flow.target);
    rows.set(name, serviceOf(name, flow, [...endpoints].toSorted(compareUtf8), before));
  }
  return [...rows.values()].toSorted((a, b) => compareUtf8(a["bom-ref"], b["bom-ref"]));
}

function serviceOf(name: string, flow: Flow, endpoints: readonly string[], before: Service | undefined): Service {
  const inbound = flow.kind === "hub-download" || flow.kind === "registry";
  const direction = inbound ? "inbound" : "outbound";
  const seen = before?.data.some((row) => row.flow === direction) ?? false;
  const place = `${flow.file}${flow.line === null ? "" : `:${flow.line}`}`;
  const what = { name: `model-archiver:${flow.kind}`, value: `${flow.target} (${place})` };
  return {
    "bom-ref": `service:${name}`,
    name,
    ...(flow.provider === null ? {} : { provider: { name: flow.provider.provider } }),
    ...(endpoints.length === 0 ? {} : { endpoints }),
    "x-trust-boundary": true,
    data: [...(before?.data ?? []), ...(seen ? [] : [{ flow: direction, classification: "unknown" } as const])],
    properties: [...(before?.properties ?? []), what],
  };
}
