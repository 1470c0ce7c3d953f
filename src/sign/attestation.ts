import { readInToto, record, statementType, subjectOf } from "./in-toto.ts";

/** https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md */
export const testResultType = "https://in-toto.io/attestation/test-result/v0.1";

const results = ["PASSED", "WARNED", "FAILED"] as const;

export type TestResult = (typeof results)[number];

/** What `verify` found, as far as an attestation looks at it; the rest of it travels along as it is. */
export interface AttestedReport {
  readonly path: string;
  readonly verdict: string;
  readonly checks: readonly { readonly id: string; readonly severity: string; readonly status: string }[];
}

/** The file, and what was found of it. */
export interface Tested {
  /** Base name. */
  readonly name: string;
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string;
  readonly report: AttestedReport;
  /** Version of model-archiver. */
  readonly toolVersion: string;
  readonly finishedOn: Date;
}

/** What a signed statement about a test says. */
export interface Attestation {
  readonly name: string;
  /** Lower-case hex SHA-256 of the file that was tested. */
  readonly sha256: string;
  readonly result: TestResult;
  /** Of `verify`; null in attestations that another tool made. */
  readonly verdict: string | null;
}

/** The in-toto statement, as JSON text: a test result that other tools read, with the whole report in a field of ours. */
export function buildAttestation({ name, sha256, report, toolVersion, finishedOn }: Tested): string {
  // What is ready has no failed errors, except those that the user lives with.
  const failed = report.checks.filter(({ status }) => status === "failed");
  const ids = (checks: AttestedReport["checks"]): string[] => checks.map(({ id }) => id);
  return JSON.stringify({
    _type: statementType,
    subject: [{ name, digest: { sha256 } }],
    predicateType: testResultType,
    predicate: {
      result: failed.every(({ severity }) => severity === "note") ? "PASSED" : "WARNED",
      configuration: [{ name: "model-archiver verify", uri: `pkg:npm/model-archiver@${toolVersion}` }],
      passedTests: ids(report.checks.filter(({ status }) => status === "passed")),
      warnedTests: ids(failed),
      failedTests: [],
      // The folder that it lay in is nobody's business.
      modelArchiver: { version: toolVersion, finishedOn: finishedOn.toISOString(), report: { ...report, path: name } },
    },
  });
}

/** Reads a statement. Gives a sentence instead where it is none about a test. */
export function readAttestation(text: string): Attestation | string {
  const statement = readInToto(text);
  if (typeof statement === "string") return statement;
  if (statement["predicateType"] !== testResultType)
    return `The attestation is of another kind than ${testResultType}.`;
  const subject = subjectOf(statement);
  if (subject === null) return "The attestation speaks of more or less than one file.";
  const predicate = record(statement["predicate"]);
  const result = results.find((one) => one === predicate["result"]);
  if (result === undefined) return "The attestation does not say how the test ended.";
  const { verdict } = record(record(predicate["modelArchiver"])["report"]);
  return { ...subject, result, verdict: typeof verdict === "string" ? verdict : null };
}
