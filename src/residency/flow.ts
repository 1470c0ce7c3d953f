import type { Provider } from "./provider.ts";

/** How data leaves, or how something comes in from outside. */
export type FlowKind =
  /** A call that connects to a host. */
  | "endpoint"
  /** A provider's library is imported or required. */
  | "sdk"
  /** A library that reports on its own. */
  | "telemetry"
  /** Weights or data fetched when the worker loads. */
  | "hub-download"
  /** Packages or images fetched from a registry. */
  | "registry"
  /** A credential of a provider is read from the environment. */
  | "credential-read"
  /** A credential stands in the file. */
  | "hard-coded-credential";

/** One data flow, with where it stands. */
export interface Flow {
  readonly kind: FlowKind;
  /** Entry of the archive, or file beside it. */
  readonly file: string;
  /** 1-based; null for a whole file. */
  readonly line: number | null;
  /** Host, package, module or variable. */
  readonly target: string;
  /** Null: a host that the table does not know. */
  readonly provider: Provider | null;
  /** The URL is plain `http:` to another machine. */
  readonly plainHttp: boolean;
}

/** Host of a URL, `host:port` or bare host; null when it is not known, or it is this machine or a private network. */
export function publicHost(text: string): string | null {
  const match = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/\s]*@)?(\[[^\]]+\]|[^/:?#\s]+)/i.exec(text.trim());
  const host = match?.[1]?.toLowerCase() ?? "";
  if (!/^[a-z0-9._-]+$/.test(host) || isPrivate(host)) return null;
  return /\.[a-z]{2,}$/.test(host) || /^\d+(\.\d+){3}$/.test(host) ? host : null;
}

/** Loopback, private ranges (RFC 1918, RFC 6598), and names of the reserved top-level domains (RFC 2606, RFC 6762). */
function isPrivate(host: string): boolean {
  if (
    /^(localhost|0\.0\.0\.0|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      host,
    )
  )
    return true;
  return /\.(local|internal|localdomain|test|invalid|example|lan|svc|cluster)$|(^|\.)example\.(com|org|net)$/.test(
    host,
  );
}

export function isPlainHttp(text: string): boolean {
  return /^(http|ws|ftp):\/\//i.test(text) && publicHost(text) !== null;
}
