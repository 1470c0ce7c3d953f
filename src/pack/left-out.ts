import { closeSync, openSync, readSync } from "node:fs";
import { compileWildcard } from "../archive/wildcard.ts";

/** Something in a folder that is not swept into an archive. */
export interface LeftOut {
  /** As found. */
  readonly from: string;
  readonly reason: string;
}

type Row = readonly [pattern: RegExp, reason: string];

/** Names whose reason is known without a look inside. */
const rows: readonly Row[] = [
  [/^\.env(\.(?!(example|sample|template)$).*)?$/i, "environment file with secrets"],
  [/^id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/, "private key"],
  [/\.(p12|pfx|jks|keystore|kdbx|ppk)$/i, "key store"],
  [/^(\.netrc|_netrc|\.pypirc|\.npmrc|\.git-credentials|\.htpasswd|\.dockercfg|\.pgpass)$/, "credentials"],
  [/^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i, "rubbish of the desktop"],
  [/^(\.git|\.gitmodules)$/, "version control"],
];

/** torch-model-archiver's own rule for folders. */
export function folderLeftOut(name: string): string | null {
  if (name === ".git" || name === ".hg" || name === ".svn") return "version control";
  if (name === "__pycache__" || name === "__MACOSX") return "rubbish";
  return name.startsWith(".") ? "hidden folder" : null;
}

/** Why a file is not packed unless it is asked for; null for what is. */
export function fileLeftOut(name: string, file: string): string | null {
  const row = rows.find(([pattern]) => pattern.test(name));
  if (row) return row[1];
  // Certificates are .pem, too: only the text tells.
  return /\.(pem|key)$/i.test(name) && beginsWithPrivateKey(file) ? "private key" : null;
}

function beginsWithPrivateKey(file: string): boolean {
  try {
    const fd = openSync(file, "r");
    try {
      const start = Buffer.alloc(16 << 10);
      const length = readSync(fd, start, 0, start.length, 0);
      return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(start.toString("latin1", 0, length));
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Whether one of the `--include` wildcards names this, by its name or by its path below the folder. */
export function includes(patterns: readonly string[]): (name: string, path: string) => boolean {
  const matchers = patterns.map(compileWildcard);
  return (name, path) => matchers.some((matches) => matches(name) || matches(path));
}
