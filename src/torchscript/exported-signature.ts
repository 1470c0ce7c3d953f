import type { ByteSource } from "../archive/byte-source.ts";
import { elementCount } from "../graph/dtype.ts";
import type { ValueInfo } from "../graph/graph.ts";
import type { Signature } from "../model/signature.ts";
import { JsonObject } from "./exported/json.ts";
import { dtypeOfExported } from "./exported/numbering.ts";
import { openProgramFile, type ProgramFile } from "./exported/program-file.ts";
import { dimOf, type ProgramSignature, readProgramSignature, sizeOf } from "./exported/signature.ts";
import { nodesOf } from "./exported/nodes.ts";
import { targetSupport } from "./exported/walk.ts";

/** What a program that `torch.export.save` wrote takes, gives and calls. Throws LoweringError or MalformedModel. */
export async function exportedSignature(source: ByteSource): Promise<Signature> {
  const file = await openProgramFile(source);
  const graph = file.program.object("graph_module").object("graph");
  const signature = readProgramSignature(file.program);
  const { operators, missing } = operatorsOf(graph);
  return {
    inputs: inputsOf(signature),
    outputs: outputsOf(signature, graph),
    operators,
    parameters: parametersOf(file),
    facts: {
      ...versionsOf(file.program),
      ...(missing.length === 0 ? {} : { "not supported": missing.join(", ") }),
    },
    externalData: [],
  };
}

function inputsOf({ user }: ProgramSignature): ValueInfo[] {
  return user.flatMap((input): ValueInfo[] => {
    if (input.kind === "tensor") return [{ name: input.name, dtype: input.dtype, shape: input.sizes.map(dimOf) }];
    if (input.kind === "constant") return [];
    return [
      {
        name: input.name,
        dtype: input.type === "int" ? "int64" : input.type === "bool" ? "bool" : "float64",
        shape: [],
      },
    ];
  });
}

function outputsOf({ outputs }: ProgramSignature, graph: JsonObject): ValueInfo[] {
  const values = graph.object("tensor_values");
  return outputs.flatMap((output): ValueInfo[] => {
    const [kind, value] = JsonObject.of(output, "an output").union();
    if (kind !== "as_tensor") return [];
    const name = JsonObject.of(value, "an output").string("name");
    const found = values.object(name);
    const meta = found.optionalObject("meta") ?? found;
    const shape = meta.list("sizes").map((size) => dimOf(sizeOf(size)));
    return [{ name, dtype: dtypeOfExported(meta.integer("dtype")), shape }];
  });
}

function operatorsOf(graph: JsonObject): { operators: Record<string, number>; missing: string[] } {
  const counts = new Map<string, number>();
  const missing = new Set<string>();
  for (const node of nodesOf(graph)) {
    const { name, supported } = targetSupport(node.string("target"));
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (!supported) missing.add(name);
  }
  return { operators: Object.fromEntries(counts), missing: [...missing] };
}

function parametersOf({ program, tensors }: ProgramFile): number {
  const { weights } = readProgramSignature(program);
  const names = new Set(weights.filter(({ isParameter }) => isParameter).map(({ tensor }) => tensor));
  let count = 0;
  for (const name of names) count += elementCount(tensors.get(name)?.shape ?? []);
  return count;
}

function versionsOf(program: JsonObject): Record<string, string> {
  const schema = program.value("schema_version");
  const parts = JsonObject.maybe(schema, "the schema's version");
  const version = parts === null ? String(schema) : `${parts.integer("major")}.${parts.integer("minor")}`;
  const versions: Record<string, string> = { "schema version": version };
  if (program.has("torch_version")) versions["torch version"] = program.string("torch_version");
  return versions;
}
