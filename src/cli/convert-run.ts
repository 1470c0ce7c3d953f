import { resolve } from "node:path";
import { openArchive } from "../archive/open.ts";
import { convert, type Conversion } from "../convert/convert.ts";
import { ArchiverError } from "../errors.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { formatSize } from "../report/text.ts";
import { fillNames, isFill } from "../runtime/input-spec.ts";
import { readInputs } from "../verify/inputs.ts";
import { modelErrors } from "../verify/static-errors.ts";
import { enginePool } from "../verify/verify.ts";
import type { Io } from "./io.ts";
import { millisecondsOf, numberOf } from "./numbers.ts";

/** The flags of `convert`, as commander gives them. */
export interface ConvertFlags {
  readonly output: string;
  readonly input: readonly string[];
  readonly fill?: string;
  readonly seed: string;
  readonly timeout: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Carries out `convert`; failures are ArchiverErrors, which `main` prints. */
export async function runConvert(location: string, flags: ConvertFlags, io: Io): Promise<void> {
  const { output, force, json, ...rest } = flags;
  const done = await convertFile(location, output, rest, io, force);
  io.stdout.write(json ? `${JSON.stringify({ schemaVersion: 1, ...done }, null, 2)}\n` : page(done));
}

/** Converts and checks the model of a file or an archive. Throws ArchiverError; then there is no output. */
export async function convertFile(
  location: string,
  output: string,
  flags: Pick<ConvertFlags, "input" | "fill" | "seed" | "timeout">,
  io: Io,
  force = false,
): Promise<Conversion> {
  const { fill = null } = flags;
  if (fill !== null && !isFill(fill))
    throw new ArchiverError("usage", `--fill ${fill}: one of ${fillNames.join(", ")}`);
  const inputs = await readInputs(flags.input, io.cwd);
  const pool = enginePool({
    project: io.cwd,
    timeoutMs: millisecondsOf("--timeout", flags.timeout),
    signal: io.signal,
  });
  pool.warm();
  try {
    const archive = await openArchive(location, { whole: true, signal: io.signal });
    try {
      const [error] = await modelErrors(archive, io.signal);
      if (error) throw new ArchiverError("not-convertible", `${location}: ${error.message} (${error.rule})`);
      const seed = numberOf("--seed", flags.seed);
      return await convert(archive, { output: resolve(io.cwd, output), force, inputs, fill, seed, pool });
    } finally {
      await archive.close();
    }
  } finally {
    pool.close();
  }
}

function page({ output, size, data, opset, nodes, inputs, outputs, check }: Conversion): string {
  const rows: [string, string][] = [
    ["written", `${output}, ${formatSize(size)}`],
    ...(data === null ? [] : [["weights", `${data.path}, ${formatSize(data.size)}`] satisfies [string, string]]),
    ["graph", `${nodes} nodes, opset ${opset}`],
    ["inputs", inputs.map(valueText).join(", ")],
    ["outputs", outputs.map(valueText).join(", ")],
    ["checked", `${check.engine}: largest difference ${check.largestDifference.toPrecision(2)}`],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(8)} ${text}\n`).join("");
}

function valueText({ name, dtype, shape }: ValueInfo): string {
  return `${name} ${dtype}[${(shape ?? []).map((dim) => dim ?? "?").join(", ")}]`;
}
