/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const statementType = "https://in-toto.io/Statement/v1";

export type Json = Readonly<Record<string, unknown>>;

/** The object that `value` is; empty for anything else. */
export function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** Reads a statement of version 1. Gives a sentence instead where it is none. */
export function readInToto(text: string): Json | string {
  let statement: Json;
  try {
    statement = record(JSON.parse(text));
  } catch {
    return "The signed statement is no JSON.";
  }
  return statement["_type"] === statementType ? statement : "The signed text is no in-toto statement of version 1.";
}

/** The one subject of a statement; null where there are more or less, or it has no SHA-256. */
export function subjectOf(statement: Json): { readonly name: string; readonly sha256: string } | null {
  const subjects = statement["subject"];
  const [subject, ...more]: unknown[] = Array.isArray(subjects) ? subjects : [];
  if (more.length > 0) return null;
  const { name, digest } = record(subject);
  const { sha256 } = record(digest);
  if (typeof name !== "string" || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/u.test(sha256)) return null;
  return { name, sha256 };
}

/** What a statement is about; null for a text that is none. */
export function predicateTypeOf(text: string): string | null {
  try {
    const { predicateType } = record(JSON.parse(text));
    return typeof predicateType === "string" ? predicateType : null;
  } catch {
    return null;
  }
}
