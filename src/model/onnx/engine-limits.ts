import type { OnnxModel } from "./model.ts";
import { nodesOf } from "./walk-graph.ts";

/** What ONNX Runtime 1.30 loads, tried out with it: newest IR version, and newest version of each operator set. */
const newestIr = 13;
const newestOpsets: ReadonlyMap<string, number> = new Map([
  ["", 26],
  ["ai.onnx.ml", 5],
  ["ai.onnx.preview.training", 1],
  ["com.microsoft", 1],
]);

/** Domains whose operators ONNX Runtime brings, or makes for itself. */
const ownDomains = /^(?:|ai\.onnx\.ml|ai\.onnx\.preview\.training|com\.microsoft(?:\.\w+)*|com\.ms\.internal\.nhwc)$/;

/** Why ONNX Runtime would not load the model by its version numbers. */
export function* versionProblems(model: OnnxModel): Generator<string> {
  const { irVersion, opsets } = model;
  if (irVersion <= 0) yield "the model tells no IR version";
  if (irVersion > newestIr) yield `IR version ${irVersion} is newer than ${newestIr}`;
  for (const [domain, version] of opsets) {
    const newest = newestOpsets.get(domain);
    const name = domain === "" ? "ai.onnx" : domain;
    if (newest !== undefined && version > newest) yield `opset ${version} of ${name} is newer than ${newest}`;
    if (version < 1) yield `opset ${version} of ${name} does not exist`;
  }
  if (irVersion < 3) return;
  const missing = new Set<string>();
  for (const node of nodesOf(model)) if (!opsets.has(node.domain)) missing.add(node.domain);
  const local = new Set(model.functions.flatMap((fn) => [...fn.opsets.keys()]));
  for (const domain of missing) {
    if (!local.has(domain)) yield `operators of ${domain === "" ? "ai.onnx" : domain} are used without an opset`;
  }
}

/** Operators of other domains than ONNX Runtime's own, that the model does not define itself either. */
export function customOperators(model: OnnxModel): ReadonlyMap<string, ReadonlySet<string>> {
  const defined = new Set(model.functions.map((fn) => `${fn.domain}\u0000${fn.name}`));
  const found = new Map<string, Set<string>>();
  for (const { domain, op } of nodesOf(model)) {
    if (ownDomains.test(domain) || defined.has(`${domain}\u0000${op}`)) continue;
    const operators = found.get(domain) ?? new Set();
    found.set(domain, operators.add(op));
  }
  return found;
}
