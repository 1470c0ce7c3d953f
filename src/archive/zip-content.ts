/** What PyTorch writes into the one folder of its ZIP files: torch.save, torch.jit.save, torch.export.save. */
const torchRecord = /^[^/]+\/(?:data\.pkl|constants\.pkl|archive_format|models\/[^/]+\.json)$/u;
/** torch.export.save up to PyTorch 2.6 wrote at the top. */
const exportedRecord = /^serialized_(?:exported_program|state_dict|constants)\.(?:json|pt)$/u;

/** Whether a ZIP file is a model (a torch file, NumPy's npz) rather than an archive that holds one. */
export function isModelZip(entries: readonly { readonly path: string }[]): boolean {
  if (entries.some(({ path }) => path.toUpperCase().startsWith("MAR-INF/"))) return false;
  if (entries.some(({ path }) => torchRecord.test(path) || exportedRecord.test(path))) return true;
  return entries.length > 0 && entries.every(({ path }) => path.endsWith(".npy"));
}
