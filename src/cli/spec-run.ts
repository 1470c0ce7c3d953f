import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { ArchiverError } from "../errors.ts";
import { isOci } from "../oci/reference.ts";
import { outputPath } from "../pack/output-path.ts";
import { printable } from "../report/text.ts";
import { isArea } from "../residency/jurisdiction.ts";
import { type LoadedSpec, readSpec } from "../spec/read-spec.ts";
import { recipeOf } from "../spec/spec-recipe.ts";
import type { Io } from "./io.ts";
import { archiveValues, rebaseFlags } from "./spec-archive.ts";

/** A command whose gaps are filled. */
interface Filling {
  readonly command: Command;
  readonly spec: LoadedSpec;
  /** The user named the file: it counts whatever archive the command is about. */
  readonly named: boolean;
  readonly io: Io;
}

/** Gives the command what its command line leaves out and the spec file says. Throws ArchiverError. */
export async function fillFromSpec(command: Command, path: string, named: boolean, io: Io): Promise<void> {
  // An archive that is packed again has all it needs.
  if (command.opts()["from"] !== undefined && !named) return;
  const spec = await readSpec(path, io.cwd);
  fillers[command.name()]?.({ command, spec, named, io });
}

const fillers: Readonly<Record<string, (filling: Filling) => void>> = {
  archive(filling) {
    const { command, spec, io } = filling;
    if (spec.folder !== resolve(io.cwd)) rebaseFlags(command, io.cwd);
    set(filling, archiveValues(spec));
    requireComplete(filling);
  },
  verify(filling) {
    const { command, spec } = filling;
    const given: readonly string[] = command.processedArgs[0] ?? [];
    const output = outputOf(filling);
    if (given.length === 0 && output !== undefined) command.processedArgs = [[output]];
    if (!isAbout(filling, given)) return;
    const { requireSignature, requireAttestation, certificateChain } = command.opts();
    const wanted = (requireSignature || requireAttestation) && certificateChain === undefined;
    const key = wanted ? spec.value.signing?.["public-key"] : undefined;
    set(filling, { ...limitsOf(filling), key: pathOf(filling, key) });
  },
  sign(filling) {
    if (takeArchive(filling)) set(filling, signingOf(filling));
  },
  attest(filling) {
    if (takeArchive(filling)) set(filling, { ...limitsOf(filling), ...signingOf(filling) });
  },
  push(filling) {
    const { command, spec } = filling;
    const given: readonly (string | undefined)[] = command.processedArgs;
    // `push oci://…` names the reference only.
    const [archive, reference] = given[1] === undefined && isOci(given[0] ?? "") ? [undefined, given[0]] : given;
    command.processedArgs = [archive ?? outputOf(filling), reference ?? referenceOf(filling)];
    if (!isAbout(filling, archive === undefined ? [] : [archive])) return;
    const { unpacked, "plain-http": plainHttp } = spec.value.registry ?? {};
    set(filling, { unpacked, plainHttp });
  },
};

/** What `archive` needs, by its key in the spec; a converted model has a handler of ours. */
const needed = [
  ["modelName", "model.name", "--model-name"],
  ["version", "model.version", "--version"],
  ["handler", "handler", "--handler"],
] as const;

function requireComplete({ command, spec }: Filling): void {
  const { from, convert, ...flags } = command.opts();
  const missing = needed.filter(([flag]) => flags[flag] === undefined && !(flag === "handler" && convert));
  if (from !== undefined || missing.length === 0) return;
  const keys = missing.map(([, key]) => key).join(", ");
  throw new ArchiverError("usage", `${spec.path} does not say ${keys}, nor does the command line`, {
    remedy: `Write it there, or give ${missing.map(([, , flag]) => flag).join(", ")}.`,
  });
}

/** Where no archive is given, it is that of the spec. Whether the spec is about it. */
function takeArchive(filling: Filling): boolean {
  const { command } = filling;
  const [given, ...rest]: readonly (string | undefined)[] = command.processedArgs;
  command.processedArgs = [given ?? outputOf(filling), ...rest];
  return isAbout(filling, given === undefined ? [] : [given]);
}

function limitsOf(filling: Filling): object {
  const { slo, residency } = filling.spec.value;
  return {
    slo:
      slo &&
      Object.entries(slo)
        .map(([metric, limit]) => `${metric}=${limit}`)
        .join(","),
    residency: residency !== undefined && isArea(residency) ? residency : pathOf(filling, residency),
  };
}

function signingOf(filling: Filling): object {
  const { signing = {} } = filling.spec.value;
  return {
    key: pathOf(filling, signing.key),
    passwordFile: pathOf(filling, signing["password-file"]),
    certificate: pathOf(filling, signing.certificate),
  };
}

function set({ command }: Filling, values: object): void {
  for (const [key, value] of Object.entries(values)) {
    const source = command.getOptionValueSource(key);
    if (value === undefined || (source !== undefined && source !== "default")) continue;
    command.setOptionValueWithSource(key, value, "config");
  }
}

/** A path of the spec, from where the user stands. */
function pathOf({ spec, io }: Filling, path: string | undefined): string | undefined {
  return path === undefined ? undefined : relative(io.cwd, resolve(spec.folder, path)) || ".";
}

function outputOf({ spec, io }: Filling): string | undefined {
  const recipe = recipeOf(spec.value);
  return recipe.modelName === undefined
    ? undefined
    : relative(io.cwd, outputPath(recipe.modelName, recipe, spec.folder)) || ".";
}

/** The model's version becomes the tag where the spec has none. */
function referenceOf(filling: Filling): string | undefined {
  const { registry, model } = filling.spec.value;
  if (registry === undefined) return undefined;
  const [, scheme = "", rest = ""] = /^(oci:\/\/|oci-layout:)(.*)$/.exec(registry.reference) ?? [];
  const [, path = rest, name] = /^(.{2,}?)([:@][^/\\]*)$/.exec(rest) ?? [];
  const place = scheme === "oci://" ? path : pathOf(filling, path);
  return `${scheme}${place}${name ?? (model?.version === undefined ? "" : `:${model.version}`)}`;
}

/** Whether the command is about the archive that the spec describes; says so where limits are not applied. */
function isAbout(filling: Filling, archives: readonly string[]): boolean {
  const { spec, named, io, command } = filling;
  const output = outputOf(filling);
  const own = [output, referenceOf(filling)].map((place) => place && normal(place, io));
  if (named || archives.every((archive) => own.includes(normal(archive, io)))) return true;
  const { json, quiet } = command.opts();
  const limits =
    ["verify", "attest"].includes(command.name()) && (spec.value.slo ?? spec.value.residency) !== undefined;
  if (limits && !json && !quiet) {
    const path = printable(spec.path);
    io.stderr.write(
      `note: ${path} is about ${output ?? "no archive"}: its limits are not applied; --spec ${path} does\n`,
    );
  }
  return false;
}

function normal(place: string, io: Io): string {
  return isOci(place) ? place : resolve(io.cwd, place);
}
