/** `torch.add` is `aten::add`, `ops.prim.min` is `prim::min`. */
export function operatorName(path: string): string {
  const [root, ...rest] = path.split(".");
  if (root === "ops" && rest.length > 1) return `${rest[0]}::${rest.slice(1).join(".")}`;
  return `aten::${rest.join(".")}`;
}
