import { ArchiverError } from "../errors.ts";

/** Where an artifact lies: in a registry, or in a folder in OCI's image layout (for machines without a network). */
export type Reference = RegistryReference | LayoutReference;

export interface RegistryReference {
  readonly kind: "registry";
  /** Host with port. */
  readonly host: string;
  readonly repository: string;
  /** Tag, or `sha256:…`. */
  readonly name: string;
}

export interface LayoutReference {
  readonly kind: "layout";
  readonly folder: string;
  readonly name: string;
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/u;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/u;
const hostPattern = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/u;
export const digestPattern = /^sha256:[0-9a-f]{64}$/u;

/** Whether this can name a repository of a registry. */
export function isRepository(name: string): boolean {
  return repositoryPattern.test(name);
}

/** Whether a name from the other side can be a file's: plain, and not hidden. */
export function isFileName(name: string): boolean {
  return /^\w[\w .+-]{0,200}$/u.test(name);
}

export function isOci(location: string): boolean {
  return /^oci(?:-layout)?:/iu.test(location);
}

/** `oci://host[:port]/repository[:tag][@sha256:…]` or `oci-layout:FOLDER[:tag]`; the tag is `latest` when left out. */
export function parseReference(text: string): Reference {
  if (text.startsWith("oci-layout:")) return parseLayout(text.slice("oci-layout:".length), text);
  if (/^oci:\/\/[^/]*@/iu.test(text)) {
    // Not shown: it may be a password.
    const message = `oci://…${text.slice(text.indexOf("@"))}: a reference holds no user or password`;
    throw new ArchiverError("usage", message, { remedy: "docker login HOST" });
  }
  const rest = /^oci:\/\/(.+)$/u.exec(text)?.[1] ?? "";
  const [path = "", digest, ...more] = rest.split("@");
  const slash = path.indexOf("/");
  const host = path.slice(0, Math.max(slash, 0));
  const [repository = "", tag = "latest", ...rests] = path.slice(slash + 1).split(":");
  const name = digest ?? tag;
  const sound =
    hostPattern.test(host) &&
    repositoryPattern.test(repository) &&
    tagPattern.test(tag) &&
    (digest === undefined || digestPattern.test(digest)) &&
    more.length + rests.length === 0;
  if (!sound) {
    throw new ArchiverError("usage", `${text}: expected oci://host/repository:tag, or @sha256:… for the digest`);
  }
  if (host === "docker.io") {
    const full = repository.includes("/") ? repository : `library/${repository}`;
    return { kind: "registry", host: "registry-1.docker.io", repository: full, name };
  }
  return { kind: "registry", host, repository, name };
}

function parseLayout(rest: string, text: string): LayoutReference {
  const at = /^(.+)@(sha256:[0-9a-f]{64})$/u.exec(rest);
  if (at?.[1] !== undefined && at[2] !== undefined) return { kind: "layout", folder: at[1], name: at[2] };
  // The tag is what follows the last colon; a drive letter is no folder.
  const tagged = /^(.{2,}):([^:/\\]+)$/u.exec(rest);
  const folder = tagged?.[1] ?? rest;
  const name = tagged?.[2] ?? "latest";
  if (folder === "" || !tagPattern.test(name))
    throw new ArchiverError("usage", `${text}: expected oci-layout:FOLDER:tag`);
  return { kind: "layout", folder, name };
}

/** Whether this host can only be this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/u, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/u.test(name);
}
