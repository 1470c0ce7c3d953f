import type { Metafile } from "esbuild";

/** Writes the bundle below `outdir`: the ES modules of the commands, and the file that starts them. */
export function bundleCli(outdir: string): Promise<{ readonly modules: Metafile; readonly start: Metafile }>;
