/**
 * Failures: what we cannot do and the user can mend. A wrong archive is a finding, not a failure.
 * Each row is a stable error code with the remedy that fits when the thrower has no better one.
 */
const failures = {
  "not-found": "Check the path.",
  unreadable: "Check the permissions of the file.",
  unwritable: "Check the permissions of the folder, or write to another place.",
  "not-a-file": "Give the path of a regular file.",
  "no-space": "Free disk space, or write to another place.",
  "out-of-memory": "Free memory, or give the container more, then run the command again.",
  "already-exists": "Pass --force to overwrite it.",
  "output-damaged": "Check the disk, and that nothing else writes there; then run the command again.",
  "input-changed": "Run the command again when nothing writes to the file.",
  "missing-input": "Check the paths; nothing was written.",
  "archive-name-collision": "Keep both with --extra-files NEW_NAME=PATH, or --keep-directories.",
  "manifest-in-inputs": "Leave MAR-INF/MANIFEST.json out of the inputs; it is generated.",
  "bad-model-name": "Use letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
  "bad-entry-name": "Use a relative path with / between folders and no ..",
  "link-outside": "Name the file itself with --extra-files, or copy it into the folder.",
  "no-model": "Give the folder that holds the model file: model-archiver init FOLDER.",
  "bad-spec": "Mend the file: schema/model-archiver.schema.json is what it can say, and docs/spec.md shows one.",
  "bad-config": "Mend the YAML file, or leave --config-file out.",
  "bad-external-data": "Keep a model's external data beside it, or in a folder below.",
  "bad-archive": "Run model-archiver verify on it to see what is wrong.",
  "bad-created-on": "Use --created-on now, or a date such as 2026-11-22T16:50:55Z.",
  "not-convertible": "Run model-archiver verify on it to see what is wrong.",
  "no-manifest": "Pack it with model-archiver archive.",
  "no-such-entry": "Run model-archiver inspect on the archive to see its entries.",
  network: "Check the URL and the connection, then run the command again.",
  "no-ranges": "Pass --download to fetch the whole file.",
  "bad-key": "Make a key pair with model-archiver keygen -o KEY.",
  "bad-password": "Give its password with --password-file FILE.",
  "not-signable": "Remove it from the folder, or sign the archive instead.",
  "no-tensors": "Leave --tensor-digests out.",
  "bad-sample": "Give a JPEG, PNG, .npy, .npz, JSON or UTF-8 text file.",
  "not-measurable": "Run model-archiver verify on it to see what is wrong.",
  "bad-results": "Give files that bench --append or bench --json wrote.",
  "sharp-missing": "npm i sharp@0.35",
  denied: "Log in with docker login HOST, or ask for the right to the repository.",
  "no-such-artifact": "Check the repository and the tag.",
  "bad-artifact": "Push it again with model-archiver push.",
  "bad-attachment": "Make it again with model-archiver sign, attest or bom, or take the file away.",
  usage: "Run the command with --help to see its options.",
  interrupted: "Run the command again.",
  "engine-missing": "ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node@1.30",
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof failures;

export interface ErrorDetail {
  /** What to do, with a command to paste where there is one; the code's own remedy when left out. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Thrown when the request cannot be carried out; the command line prints it and ends with exit code 2. */
export class ArchiverError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;

  /** By name: the command line's first file has a copy of this class, and a project may have installed us twice. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ArchiverError";
  }

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.name = "ArchiverError";
    this.code = code;
    this.remedy = detail.remedy ?? failures[code];
  }
}

/** The table of codes and default remedies, for the generated documentation. */
export function failureTable(): Readonly<Record<ErrorCode, string>> {
  return failures;
}
