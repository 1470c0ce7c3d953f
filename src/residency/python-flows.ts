import { readImports, type PythonImport } from "../python/imports.ts";
import type { PythonSource } from "../python/parse-python.ts";
import { dottedName, nodeIn, nodesIn, textIn, walk, type SyntaxNode } from "../python/syntax.ts";
import { CalleeNames } from "./callee-names.ts";
import { argument, Constants, stringValue, unknown } from "./constants.ts";
import { credentialIn, isCredentialName, looksLikeSecret } from "./credentials.ts";
import { isPlainHttp, publicHost, type Flow, type FlowKind } from "./flow.ts";
import { providerOfHost, providerOfImport, providerOfVariable, providers, type Provider } from "./provider.ts";
import { readScopes } from "./scopes.ts";
import { destinationKeywords, hubSinks, networkSinks, shellSinks } from "./sinks.ts";

interface Look {
  readonly file: string;
  readonly source: PythonSource;
  readonly constants: Constants;
  readonly names: CalleeNames;
  /** Paths of the archive: a model loaded from one of them is fetched from nowhere. */
  readonly entries: ReadonlySet<string>;
}

/** The data flows that a Python source shows in its syntax tree. Comments, docstrings and unused texts are none. */
export function pythonFlows(file: string, source: PythonSource, entries: ReadonlySet<string>): Flow[] {
  const { tree } = source;
  if (tree === null) return [];
  const imports = readImports(tree, source);
  const scopes = readScopes(tree);
  const look: Look = {
    file,
    source,
    constants: new Constants(scopes),
    names: new CalleeNames(imports, scopes),
    entries,
  };
  const calls: Flow[] = [];
  const redirected = new Set<string>();
  for (const node of walk(tree)) {
    if (node.kind === "ExprCall") calls.push(...callFlows(node, look, redirected));
    if (node.kind === "ExprSubscript") calls.push(...environmentFlow(node, look));
  }
  return [...importFlows(imports, look, redirected), ...calls, ...credentialFlows(tree, look)];
}

function flow(
  look: Look,
  node: SyntaxNode | number,
  kind: FlowKind,
  target: string,
  provider: Provider | null,
  plainHttp = false,
): Flow {
  const line = typeof node === "number" ? node : look.source.position(node.start).line;
  return { kind, file: look.file, line, target, provider, plainHttp };
}

/** One a module; a library whose every client is told another address is judged by that address. */
function importFlows(imports: readonly PythonImport[], look: Look, redirected: ReadonlySet<string>): Flow[] {
  const seen = new Set<string>();
  return imports.flatMap((each) => {
    if (each.level > 0) return [];
    const named = each.name === null ? each.module : `${each.module}.${each.name}`;
    const provider = providerOfImport(named);
    const root = named.split(".")[0] ?? "";
    if (provider === null || seen.has(provider.id) || redirected.has(root) || provider.kind === "hub") return [];
    if (look.entries.has(`${root}.py`) || look.entries.has(`${root}/__init__.py`)) return [];
    seen.add(provider.id);
    return [flow(look, each.line, provider.kind === "telemetry" ? "telemetry" : "sdk", each.module, provider)];
  });
}

function callFlows(node: SyntaxNode, look: Look, redirected: Set<string>): Flow[] {
  const callee = nodeIn(node, "func");
  const name = look.names.of(callee) ?? dottedName(callee);
  if (name === null) return [];
  return [
    ...destinations(node, name, look, redirected).flatMap((text) => endpoint(node, text, look)),
    ...hubFlows(node, name, look),
    ...environmentCall(node, name, look),
  ];
}

/** Arguments where a name without `https://` is a host, and not a file. */
const takesBareHosts = new Set(["host", "hosts", "hostname", "address", "target", "endpoint", "bootstrap_servers"]);

function destinations(node: SyntaxNode, name: string, look: Look, redirected: Set<string>): readonly string[] {
  const named = keywordTexts(node, look);
  if (named.length > 0) redirected.add(name.split(".")[0] ?? "");
  if (shellSinks.test(name)) return look.constants.texts(argument(node, 0, "args")).flatMap(urlsIn);
  const sinks = networkSinks.filter((sink) => sink.callee.test(name));
  const texts = sinks.flatMap((sink) => {
    const given = look.constants.texts(argument(node, sink.position, sink.keyword));
    return takesBareHosts.has(sink.keyword ?? "") ? given : given.filter((text) => text.includes("://"));
  });
  return [...named, ...texts];
}

function keywordTexts(node: SyntaxNode, look: Look): readonly string[] {
  return destinationKeywords.flatMap((keyword) => {
    const value = argument(node, Number.MAX_SAFE_INTEGER, keyword);
    return look.constants.texts(value).filter((text) => /^https?:/i.test(text));
  });
}

function endpoint(node: SyntaxNode, text: string, look: Look): Flow[] {
  const host = publicHost(text);
  return host === null ? [] : [flow(look, node, "endpoint", host, providerOfHost(host), isPlainHttp(text))];
}

const urlsIn = (text: string) => text.match(/\b(?:https?|wss?|ftp|s3|gs):\/\/[^\s"'`;|&<>()]+/gi) ?? [];

function hubFlows(node: SyntaxNode, name: string, look: Look): Flow[] {
  const found = hubSinks.find((sink) => sink.callee.test(name));
  if (!found || !fetches(node, name, look)) return [];
  const asked = look.constants.texts(argument(node, found.position, found.keyword));
  if (asked.some((text) => isLocal(text, look))) return [];
  if (asked.length === 0 && !name.startsWith("transformers.pipeline") && found.keyword !== null) return [];
  const provider = providers().find((row) => row.id === found.provider) ?? null;
  return [flow(look, node, "hub-download", asked[0] ?? name, provider)];
}

/** Whether the call asks for a download: `pretrained`, `weights`, `local_files_only`, `source` say so or not. */
function fetches(node: SyntaxNode, name: string, look: Look): boolean {
  const keyword = (key: string) => argument(node, Number.MAX_SAFE_INTEGER, key);
  const isTrue = (key: string) => keyword(key)?.fields["value"] === true;
  if (isTrue("local_files_only")) return false;
  if (/^timm\.create_model$/.test(name)) return isTrue("pretrained");
  if (name.startsWith("torchvision.models.")) {
    const weights = keyword("weights") ?? keyword("weights_backbone");
    return isTrue("pretrained") || (weights !== null && weights.kind !== "ExprNoneLiteral");
  }
  return name !== "torch.hub.load" || !look.constants.texts(keyword("source")).includes("local");
}

/** A path, or a name that the archive has; what begins with something unknown is taken for a path. */
function isLocal(text: string, look: Look): boolean {
  if (text.startsWith(unknown) || /^([./~\\]|[a-z]:[\\/])/i.test(text)) return true;
  return [...look.entries].some((path) => path === text || path.startsWith(`${text}/`));
}

const environmentReads = /^(os\.)?(getenv|environ\.get|environ\.pop|environ\.setdefault)$/;

function environmentCall(node: SyntaxNode, name: string, look: Look): Flow[] {
  if (!environmentReads.test(name)) return [];
  return look.constants.texts(argument(node, 0, "key")).flatMap((variable) => variableFlow(node, variable, look));
}

function environmentFlow(node: SyntaxNode, look: Look): Flow[] {
  const value = nodeIn(node, "value");
  const name = look.names.of(value) ?? dottedName(value);
  if (node.fields["ctx"] !== "Load" || (name !== "os.environ" && name !== "environ")) return [];
  return look.constants.texts(nodeIn(node, "slice")).flatMap((variable) => variableFlow(node, variable, look));
}

function variableFlow(node: SyntaxNode, variable: string, look: Look): Flow[] {
  const provider = providerOfVariable(variable);
  return provider === null ? [] : [flow(look, node, "credential-read", variable, provider)];
}

function credentialFlows(tree: SyntaxNode, look: Look): Flow[] {
  const found: Flow[] = [];
  const texts = docstrings(tree);
  for (const node of walk(tree)) {
    if (node.kind === "ExprStringLiteral" && !texts.has(node)) {
      const what = credentialIn(stringValue(node));
      if (what !== null) found.push(flow(look, node, "hard-coded-credential", what, null));
    }
    if (node.kind === "Keyword") found.push(...namedSecret(node, textIn(node, "arg"), nodeIn(node, "value"), look));
    if (node.kind === "StmtAssign") {
      for (const target of nodesIn(node, "targets"))
        found.push(...namedSecret(node, dottedName(target)?.split(".").at(-1) ?? null, nodeIn(node, "value"), look));
    }
  }
  return found;
}

function namedSecret(node: SyntaxNode, name: string | null, value: SyntaxNode | null, look: Look): Flow[] {
  if (name === null || value?.kind !== "ExprStringLiteral" || !isCredentialName(name)) return [];
  const text = stringValue(value);
  return looksLikeSecret(text) && credentialIn(text) === null
    ? [flow(look, node, "hard-coded-credential", name, null)]
    : [];
}

/** Texts that stand as statements of their own. */
function docstrings(tree: SyntaxNode): ReadonlySet<SyntaxNode> {
  const found = new Set<SyntaxNode>();
  for (const node of walk(tree)) {
    const value = node.kind === "StmtExpr" ? nodeIn(node, "value") : null;
    if (value?.kind === "ExprStringLiteral") found.add(value);
  }
  return found;
}
