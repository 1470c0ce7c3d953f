import { dottedName, nodeIn, nodesIn, type SyntaxNode, children } from "../../python/syntax.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { reachableModules } from "../python/reachable-modules.ts";

const risky =
  /^(?:os\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|fork|kill)|subprocess\.\w+|pty\.spawn|ctypes\.\w+|socket\.\w+|urllib\.request\.\w+|requests\.\w+|shutil\.rmtree|exec|eval|compile|__import__|builtins\.\w+|pip\.\w+|commands\.\w+|pickle\.loads?|marshal\.loads?|base64\.b64decode)$/;
/** Of these the name alone says nothing: `subprocess.PIPE` is no call, `socket.gethostname()` is harmless. */
const harmless =
  /^(?:socket\.(?:gethostname|getfqdn|setdefaulttimeout)|ctypes\.(?:sizeof|c_\w+|POINTER)|subprocess\.list2cmdline)$/;

export const runsAtImport: Check = {
  id: "handler/runs-at-import",
  title: "Nothing but definitions runs when the handler is imported",
  severity: "warning",
  why: "A process, a download or evaluated text at import time runs with the server's rights before any request.",
  remedy: "Move the call into initialize, or have a second person read it.",
  async *run(subject) {
    const modules = await reachableModules(subject);
    if (modules.length === 0) return notApplicable;
    for (const { path, module } of modules) {
      if (!module) continue;
      const aliases = new Map<string, string>();
      for (const one of module.imports) {
        aliases.set(one.boundAs, one.name === null ? one.boundAs : `${one.module}.${one.name}`);
      }
      for (const call of callsAtImport(module.tree)) {
        const written = dottedName(nodeIn(call, "func"));
        const [first = "", ...rest] = (written ?? "").split(".");
        const meant = [aliases.get(first) ?? first, ...rest].join(".");
        if (!risky.test(meant) || harmless.test(meant)) continue;
        const { line, column } = module.source.position(call.start);
        yield { message: `${meant} is called when the file is imported.`, at: `${path}:${line}:${column}` };
      }
    }
  },
};

/** Calls outside of functions; class bodies, decorators and defaults run at import, too. */
function callsAtImport(node: SyntaxNode): SyntaxNode[] {
  if (node.kind === "ExprLambda") return [];
  const parts =
    node.kind === "StmtFunctionDef"
      ? [...nodesIn(node, "decorator_list"), ...[nodeIn(node, "parameters")].filter((one) => one !== null)]
      : children(node);
  const inner = parts.flatMap((part) => callsAtImport(part));
  return node.kind === "ExprCall" ? [node, ...inner] : inner;
}
