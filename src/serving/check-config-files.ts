import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { translated } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import { checkConfig, configKind, type ConfigKind } from "../server-config/check-config.ts";
import type { ConfigFinding } from "../server-config/config-finding.ts";

export interface CheckedConfig {
  readonly path: string;
  readonly kind: ConfigKind;
  readonly findings: readonly ConfigFinding[];
}

export interface ConfigCheckResult {
  readonly schemaVersion: 1;
  readonly files: readonly CheckedConfig[];
}

const known = "Name config.properties, model-config.yaml, a compose file, a systemd unit or a KServe manifest.";

/** Throws ArchiverError when a file cannot be read, or is no configuration. */
export async function checkConfigFiles(paths: readonly string[]): Promise<ConfigCheckResult> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const text = await readConfig(path);
      const kind = configKind(text, basename(path));
      if (kind === null)
        throw new ArchiverError("usage", `${path} is no configuration that we know`, { remedy: known });
      return { path, kind, findings: checkConfig(text, kind) };
    }),
  );
  return { schemaVersion: 1, files };
}

async function readConfig(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => Promise.reject(translated(error, path)));
}
