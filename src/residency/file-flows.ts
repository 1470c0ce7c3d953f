import { credentialIn, isCredentialName, looksLikeSecret } from "./credentials.ts";
import { isPlainHttp, publicHost, type Flow, type FlowKind } from "./flow.ts";
import { providerOfHost, providerOfPackage, providers, type Provider } from "./provider.ts";

type ReadFile = (file: string, text: string) => Flow[];

const line = (
  file: string,
  at: number,
  kind: FlowKind,
  target: string,
  provider: Provider | null,
  plainHttp = false,
): Flow => ({
  kind,
  file,
  line: at,
  target,
  provider,
  plainHttp,
});

/** Lines without comments, numbered from 1; `#` counts as one where the format has it at the line's start or after a blank. */
function* linesOf(text: string): Generator<[number, string]> {
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const bare = raw.replace(/(^|\s)#.*$/, "").trimEnd();
    if (bare.trim() !== "") yield [index + 1, bare];
  }
}

const urls = (text: string) => text.match(/\b(?:https?|wss?|ftp):\/\/[^\s"'`,;|&<>()[\]]+/gi) ?? [];

function urlFlows(file: string, at: number, text: string, kind: FlowKind = "endpoint"): Flow[] {
  return urls(text).flatMap((url) => {
    const host = publicHost(url);
    return host === null ? [] : [line(file, at, kind, host, providerOfHost(host), isPlainHttp(url))];
  });
}

/** requirements.txt: packages of providers, indexes, URLs. */
const requirements: ReadFile = (file, text) =>
  [...linesOf(text)].flatMap(([at, content]) => {
    if (/^\s*-|:\/\//.test(content)) return urlFlows(file, at, content, "registry");
    const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(content)?.[1];
    const provider = name === undefined ? null : providerOfPackage(name);
    if (name === undefined || provider === null) return [];
    return [
      line(
        file,
        at,
        provider.kind === "telemetry" ? "telemetry" : provider.kind === "hub" ? "hub-download" : "sdk",
        name,
        provider,
      ),
    ];
  });

/** Dockerfile: base images, downloads in RUN and ADD, credentials in ENV and ARG. */
const dockerfile: ReadFile = (file, text) => {
  const stages = new Set<string>();
  return [...linesOf(text)].flatMap(([at, content]) => {
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(content);
    if (from) {
      const image = from[1] ?? "";
      const known = stages.has(image);
      if (from[2]) stages.add(from[2]);
      return known || image === "scratch" || image.startsWith("$") ? [] : [imageFlow(file, at, image)].flat();
    }
    return [...urlFlows(file, at, content), ...installs(file, at, content), ...variableSecrets(file, at, content)];
  });
};

function imageFlow(file: string, at: number, image: string): Flow[] {
  const first = image.split("/")[0] ?? "";
  const registry = image.includes("/") && /[.:]/.test(first) ? first.replace(/:\d+$/, "") : "docker.io";
  const host = publicHost(registry);
  return host === null ? [] : [line(file, at, "registry", host, providerOfHost(host))];
}

function installs(file: string, at: number, content: string): Flow[] {
  const index = /\bpip3?\s+install\b/.test(content) && !/--index-url|-i\s|--no-index|--find-links/.test(content);
  return index ? [line(file, at, "registry", "pypi.org", providers().find((row) => row.id === "pypi") ?? null)] : [];
}

function variableSecrets(file: string, at: number, content: string): Flow[] {
  const pairs = [...content.matchAll(/([A-Za-z_][A-Za-z0-9_]*)\s*[=:]\s*["']?([^\s"']+)/g)];
  return pairs.flatMap(([, name = "", value = ""]) => {
    const form = credentialIn(value);
    if (form !== null) return [line(file, at, "hard-coded-credential", form, null)];
    return isCredentialName(name) && looksLikeSecret(value)
      ? [line(file, at, "hard-coded-credential", name, null)]
      : [];
  });
}

/** Compose files, YAML and properties: images, URLs in values, credentials. */
const settings: ReadFile = (file, text) =>
  [...linesOf(text)].flatMap(([at, content]) => {
    const image = /^\s*(?:-\s+)?image\s*:\s*["']?([^\s"']+)/.exec(content)?.[1];
    const pulled = image === undefined || image.startsWith("$") ? [] : imageFlow(file, at, image);
    // The keys that say where the server listens and which URLs it may load are judged by `config check`.
    const addresses = /^\s*(allowed_urls|\w+_address)\s*=/.test(content);
    return [...pulled, ...(addresses ? [] : urlFlows(file, at, content)), ...variableSecrets(file, at, content)];
  });

const readers: readonly (readonly [pattern: RegExp, read: ReadFile])[] = [
  [/(^|\/)requirements[^/]*\.txt$/i, requirements],
  [/(^|\/)((Dockerfile|Containerfile)[^/]*|[^/]*\.dockerfile)$/i, dockerfile],
  [/\.(ya?ml|properties|env|toml|ini|cfg)$|(^|\/)\.env$/i, settings],
];

/** Whether a file of this name can show data flows, besides Python. */
export function readsAsConfiguration(path: string): boolean {
  return readers.some(([pattern]) => pattern.test(path));
}

/** The data flows of a configuration file; empty for any other. */
export function fileFlows(path: string, text: string): Flow[] {
  return readers.find(([pattern]) => pattern.test(path))?.[1](path, text) ?? [];
}
