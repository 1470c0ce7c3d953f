import type { Archive } from "../archive/archive.ts";
import { verify } from "./verify.ts";

export interface StaticError {
  /** The check's id. */
  readonly rule: string;
  readonly at: string | null;
  readonly message: string;
}

/** What the static checks hold against an archive: while there is any, nothing of it is run or passed on. */
export async function staticErrors(archive: Archive, signal?: AbortSignal): Promise<readonly StaticError[]> {
  const report = await verify(archive, { static: true, ...(signal ? { signal } : {}) });
  return report.checks
    .filter(({ status, severity }) => status === "failed" && severity === "error")
    .flatMap(({ id, findings }) => findings.map(({ at, message }) => ({ rule: id, at, message })));
}

/** Families of checks about TorchServe, which the export leaves. */
const aboutTorchServe = /^(?:serve|serve-container|handler|config|requirements)\//u;

/** The same for a model that something other than TorchServe will run. */
export async function modelErrors(archive: Archive, signal?: AbortSignal): Promise<readonly StaticError[]> {
  return (await staticErrors(archive, signal)).filter(({ rule }) => !aboutTorchServe.test(rule));
}
