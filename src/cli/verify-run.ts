import { resolve } from "node:path";
import type { EngineName } from "../bench/engines.ts";
import { installEngine } from "../checks/model/engine-failure.ts";
import { checks } from "../checks/registry.ts";
import type { RequiredSignature, SampleRequest } from "../checks/subject.ts";
import { ArchiverError } from "../errors.ts";
import { filesBeside } from "../residency/files-beside.ts";
import { readResidencyPolicy } from "../residency/jurisdiction.ts";
import type { EnginePool } from "../runtime/engine-pool.ts";
import { fillNames, isFill } from "../runtime/input-spec.ts";
import { explain } from "../verify/explain.ts";
import { readInputs } from "../verify/inputs.ts";
import { readPolicy } from "../verify/policy.ts";
import { type VerifyDocument, verifySchemaVersion } from "../verify/report.ts";
import { exitCodeOf } from "../verify/verdict.ts";
import { opener, verifyAll, type VerifyAllOptions } from "../verify/verify-all.ts";
import { bugText } from "./bug-text.ts";
import type { Io } from "./io.ts";
import { parseLimits } from "./limit-flags.ts";
import { countOf, millisecondsOf, numberOf } from "./numbers.ts";
import { lineWriter, writeReports } from "./verify-output.ts";

/** The flags of `verify`, as commander gives them. */
export interface VerifyFlags {
  readonly static?: boolean;
  readonly digests: boolean;
  readonly input: readonly string[];
  readonly sample?: string;
  readonly expect?: string;
  readonly slo?: string;
  readonly sloEngine?: string;
  readonly fill?: string;
  readonly seed: string;
  readonly timeout: string;
  readonly engine: EngineName;
  readonly python: string;
  readonly compare?: boolean;
  readonly batch?: string;
  readonly target: readonly string[];
  readonly allowGlobal: readonly string[];
  readonly ignore: readonly string[];
  readonly residency?: string;
  readonly requireSignature?: boolean;
  readonly requireAttestation?: boolean;
  readonly key?: string;
  readonly certificateChain?: string;
  readonly signature?: string;
  readonly attestation?: string;
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
  readonly strict?: boolean;
  readonly policy?: string;
  readonly tmpDir?: string;
  readonly limit: readonly string[];
  readonly json?: boolean;
  readonly junit?: string;
  readonly sarif?: string;
  readonly markdown?: string;
  readonly quiet?: boolean;
}

/** Carries out `verify`: judges every path, writes the reports, sets the exit code. */
export async function runVerify(paths: readonly string[], flags: VerifyFlags, io: Io, pool: EnginePool): Promise<void> {
  const started = performance.now();
  const options = await verifyOptions(paths, flags, io);
  const bugs: unknown[] = [];
  const results = await verifyAll(paths, {
    ...options,
    ...(await ociOpener(paths, flags, options, io)),
    pool,
    onBug: (_, error) => bugs.push(error),
    onReport: lineWriter(paths, flags, io),
  });
  const reports = results.map((result) => ("report" in result ? result.report : result));
  const document: VerifyDocument = { schemaVersion: verifySchemaVersion, reports };
  await writeReports(results, document, performance.now() - started, flags, io);
  if (pool.missing) io.stderr.write(`${installEngine}\n`);
  const verdicts = reports.map((report) => report.verdict);
  io.exitCode = bugs.length > 0 ? 3 : exitCodeOf(verdicts, pool.missing);
  for (const bug of bugs) io.stderr.write(bugText(bug));
}

/** TorchServe takes requests, and makes its batches as model-config.yaml says. */
function refuseForServer({ engine, compare, batch, input }: VerifyFlags): void {
  if (engine !== "torchserve") return;
  const given = { "--compare": compare === true, "--batch": batch !== undefined, "--input": input.length > 0 };
  const wrong = Object.entries(given).find(([, isGiven]) => isGiven)?.[0];
  if (wrong === undefined) return;
  throw new ArchiverError("usage", `${wrong} is about tensors; TorchServe takes what a client sends.`, {
    remedy: `Leave ${wrong} out, or use --engine torch.`,
  });
}

/** What the flags ask of `verify`. Throws ArchiverError `usage`. */
export async function verifyOptions(paths: readonly string[], flags: VerifyFlags, io: Io): Promise<VerifyAllOptions> {
  refuseForServer(flags);
  const [inputs, policy] = await Promise.all([
    readInputs(flags.input, io.cwd),
    readPolicy(flags.policy, io.cwd, new Date().toISOString().slice(0, 10)),
  ]);
  return {
    sample: await sampleOf(flags, io),
    ...(flags.slo === undefined ? {} : { slo: (await import("../bench/slo.ts")).parseSlo(flags.slo) }),
    ownEngine: flags.sloEngine === "onnxruntime",
    static: flags.static ?? false,
    strict: flags.strict ?? policy.strict,
    digests: flags.digests,
    allowGlobals: [...policy.allowGlobals, ...flags.allowGlobal],
    exceptions: [
      ...policy.exceptions,
      ...knownRules(flags.ignore).map((rule) => ({ rule, at: null, source: "--ignore", reason: null })),
    ],
    inputs,
    fill: fillOf(flags.fill),
    seed: numberOf("--seed", flags.seed),
    timeoutMs: millisecondsOf("--timeout", flags.timeout),
    batch: flags.batch === undefined ? null : countOf("--batch", flags.batch, 1),
    target: targetOf(flags.target),
    residency: flags.residency === undefined ? null : await readResidencyPolicy(flags.residency),
    besides: flags.residency === undefined ? [] : await filesBeside(paths),
    ...(await requirements(paths, flags, io.cwd)),
    engine: flags.engine,
    python: flags.python,
    compare: flags.compare ?? false,
    limits: parseLimits(flags.limit),
    project: io.cwd,
    signal: io.signal,
    ...(flags.tmpDir === undefined ? {} : { tmpDir: flags.tmpDir }),
  };
}

/** Archives in a registry are fetched, with their signatures, to where nobody else reads. */
async function ociOpener(
  paths: readonly string[],
  flags: VerifyFlags,
  options: VerifyAllOptions,
  io: Io,
): Promise<Pick<VerifyAllOptions, "open">> {
  const { isOci } = await import("../oci/reference.ts");
  if (!paths.some(isOci)) return {};
  const [{ openFetched }, { registrySettings }] = await Promise.all([
    import("../oci/fetched-archive.ts"),
    import("./registry-flags.ts"),
  ]);
  const signers = {
    signature: options.requiredSignature?.signer,
    attestation: options.requiredAttestation?.signer,
  };
  const settings = { ...registrySettings(flags, io), tmpDir: flags.tmpDir, signers };
  const local = opener(options);
  return { open: (path) => (isOci(path) ? openFetched(path, settings) : local(path)) };
}

/** What must be signed: the archive, the statement that it was tested, or both. */
async function requirements(
  paths: readonly string[],
  flags: VerifyFlags,
  cwd: string,
): Promise<Pick<VerifyAllOptions, "requiredSignature" | "requiredAttestation">> {
  const { requiredSigners } = await import("./signer-flags.ts");
  const signers = await requiredSigners(flags, cwd);
  const required = (kind: "signature" | "attestation"): RequiredSignature | null => {
    const [signer, file] = [signers[kind], flags[kind]];
    if (file !== undefined && (signer === undefined || paths.length > 1)) {
      throw new ArchiverError("usage", `--${kind} FILE goes with --require-${kind} and one archive`);
    }
    return signer === undefined ? null : { signer, file: file === undefined ? null : resolve(cwd, file) };
  };
  return { requiredSignature: required("signature"), requiredAttestation: required("attestation") };
}

async function sampleOf(
  { sample, expect }: Pick<VerifyFlags, "sample" | "expect">,
  io: Io,
): Promise<SampleRequest | null> {
  if (sample === undefined) {
    if (expect === undefined) return null;
    throw new ArchiverError("usage", "--expect needs --sample: the file that it is about.");
  }
  const { readSample } = await import("../sample/sample-file.ts");
  return { file: await readSample(sample, io.cwd), expect: expect ?? null };
}

function fillOf(text: string | undefined): VerifyAllOptions["fill"] {
  if (text === undefined) return null;
  if (isFill(text)) return text;
  throw new ArchiverError("usage", `--fill ${text}: one of ${fillNames.join(", ")}`);
}

/** A slip of the pen would ignore nothing. Throws ArchiverError `usage`. */
function knownRules(rules: readonly string[]): readonly string[] {
  for (const rule of rules) {
    explain(checks, rule);
    if (!rule.includes("/")) throw new ArchiverError("usage", `--ignore ${rule}: a whole family is ${rule}/*`);
  }
  return rules;
}

/** `torch==2.4` to `{ torch: "2.4" }`. */
function targetOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const match = /^([A-Za-z][\w-]*)==(\d+(?:\.\d+)*)$/.exec(text);
      if (!match) throw new ArchiverError("usage", `--target ${text}: expected such as torch==2.4`);
      return [match[1], match[2]];
    }),
  );
}
