import type { Operator } from "./operators/operator.ts";

/** docs/operators.md: one row an operator, with its overloads. */
export function operatorsPage(operators: readonly Operator[]): string {
  const names = [...new Set(operators.map(({ name }) => name))].sort((a, b) => (a < b ? -1 : 1));
  const rows = names.map((name) => {
    const own = operators.filter((operator) => operator.name === name);
    const overloads = own.flatMap(({ schemas }) => schemas.map((schema) => overloadOf(schema, name)));
    const doc = [...new Set(own.map((operator) => operator.doc))].join(" ");
    return `| \`${name}\` | ${[...new Set(overloads)].join(", ")} | ${doc.replaceAll("|", "\\|")} |`;
  });
  return `# Operators

PyTorch operators that TorchScript and torch.export programs may call and that become ONNX. In-place forms (\`aten::relu_\`)
and \`out=\` overloads follow from the row without the underscore. ${names.length} operators.

| operator | overloads | what is supported |
|---|---|---|
${rows.join("\n")}
`;
}

function overloadOf(schema: string, name: string): string {
  const overload = /^\.(\w+)\(/.exec(schema.slice(name.length))?.[1];
  return overload === undefined ? "default" : overload;
}
