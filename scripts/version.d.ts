export function versionProblems(files: {
  readonly changelog: string;
  readonly manifest: string;
  readonly lock: string;
  readonly tag?: string | undefined;
}): string[];
export function withVersion(text: string, version: string): string;
