export interface ConfigFinding {
  /** `unknown-key`, `wrong-type`, … : stable words for `--json`. */
  readonly rule:
    | "unknown-key"
    | "duplicate-key"
    | "wrong-type"
    | "out-of-range"
    | "dangerous"
    | "contradiction"
    | "port-clash"
    | "missing"
    | "unparsable";
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly remedy: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}
