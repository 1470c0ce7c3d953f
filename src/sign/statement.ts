import { createHash } from "node:crypto";
import { compareUtf8 } from "../manifest/compare.ts";
import { readInToto, record, statementType, subjectOf } from "./in-toto.ts";

/** What was signed of one file: path with `/`, or `.` for a model that is a single file. */
export interface Resource {
  readonly name: string;
  /** Lower-case hex SHA-256. */
  readonly digest: string;
}

/** What a signature says. https://github.com/sigstore/model-transparency, predicate v1.0, serialization `files`. */
export interface SignedContent {
  /** Base name of the file or folder that was signed. */
  readonly name: string;
  readonly resources: readonly Resource[];
  /** Paths below the folder that the signature does not speak of. */
  readonly ignoredPaths: readonly string[];
  /** Our addition, for archives: the entries, so that a change can be named. Others ignore it. */
  readonly entries: readonly Resource[];
}

export const signatureType = "https://model_signing/signature/v1.0";

/** What every signer of the format leaves out of a folder. */
export const gitPaths: readonly string[] = [".git", ".gitattributes", ".github", ".gitignore"];

/** Whether a path of a folder is one of these, or lies below one. */
export function isBelow(path: string, paths: readonly string[]): boolean {
  return paths.some((one) => path === one || path.startsWith(`${one}/`));
}

/** Entries of an archive that are listed besides; more would make the signature longer than useful. */
const mostEntries = 5000;

/** Order of the format: by the components of the path, so `a/x` comes before `a-b/x`. */
export function comparePaths(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const order = compareUtf8(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** SHA-256 over the raw digests in the order given. */
function rootDigest(resources: readonly Resource[]): string {
  const hash = createHash("sha256");
  for (const { digest } of resources) hash.update(Buffer.from(digest, "hex"));
  return hash.digest("hex");
}

/** The in-toto statement, as JSON text. The same content gives the same bytes. */
export function buildStatement(content: SignedContent): string {
  const resources = content.resources.toSorted((a, b) => comparePaths(a.name, b.name));
  const entries = content.entries.length > mostEntries ? [] : content.entries;
  return JSON.stringify({
    _type: statementType,
    subject: [{ name: content.name, digest: { sha256: rootDigest(resources) } }],
    predicateType: signatureType,
    predicate: {
      serialization: {
        method: "files",
        hash_type: "sha256",
        allow_symlinks: false,
        ignore_paths: content.ignoredPaths,
      },
      resources: resources.map(({ name, digest }) => ({ name, algorithm: "sha256", digest })),
      ...(entries.length === 0 ? {} : { modelArchiver: { entries } }),
    },
  });
}

/** Reads a statement. Gives a sentence instead where it is none, or uses what we do not know. */
export function readStatement(text: string): SignedContent | string {
  const statement = readInToto(text);
  if (typeof statement === "string") return statement;
  if (statement["predicateType"] !== signatureType) return `The signature is of another kind than ${signatureType}.`;
  const predicate = record(statement["predicate"]);
  const serialization = record(predicate["serialization"]);
  if (serialization["method"] !== "files" || serialization["hash_type"] !== "sha256") {
    return "The signature digests by other means than SHA-256 of whole files.";
  }
  if (serialization["allow_symlinks"] === true) return "The signature allows symbolic links, which is not supported.";
  const resources = readResources(predicate["resources"]);
  if (resources === null) return "The signature's list of digests cannot be read.";
  const subject = subjectOf(statement);
  if (subject === null) return "The signature speaks of more or less than one model.";
  if (subject.sha256 !== rootDigest(resources)) return "The signature's root digest is not that of its list.";
  const ignored = serialization["ignore_paths"];
  return {
    name: subject.name,
    resources,
    ignoredPaths: Array.isArray(ignored) ? ignored.filter((path) => typeof path === "string") : [],
    entries: readResources(record(predicate["modelArchiver"])["entries"]) ?? [],
  };
}

function readResources(value: unknown): readonly Resource[] | null {
  if (!Array.isArray(value)) return null;
  const resources: Resource[] = [];
  const names = new Set<string>();
  for (const item of value) {
    const { name, digest, algorithm = "sha256" } = record(item);
    if (typeof name !== "string" || algorithm !== "sha256" || names.has(name)) return null;
    if (typeof digest !== "string" || !/^[0-9a-f]{64}$/u.test(digest)) return null;
    names.add(name);
    resources.push({ name, digest });
  }
  return resources;
}
