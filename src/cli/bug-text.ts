import { printable } from "../report/text.ts";
import { toolVersion } from "./version.ts";

export const reportBugs = "Please report it with the command line and this text.";

/** What a person needs to report a bug of ours. */
export function bugText(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const head = `This is a bug in model-archiver ${toolVersion()} (node ${process.version}, ${process.platform}).`;
  return `${head}\n${printable(stack).replaceAll("\\x0a", "\n")}\n${reportBugs}\n`;
}
