/** `docs/errors.md`: every code that a failed command can end with. */
export function errorsPage(failures: Readonly<Record<string, string>>): string {
  const rows = Object.entries(failures)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, remedy]) => `| \`${code}\` | ${remedy.replaceAll("|", "\\|")} |`);
  return `# Error codes

Generated from \`src/errors.ts\`. A command that could not do what was asked ends with exit code 2 and one of these, on
stderr, or as \`{error: {code, message, remedy}}\` with \`--json\`. What is wrong with an archive is no error but a
finding: see [checks.md](checks.md).

| code | what to do, unless the message knows better |
|---|---|
${rows.join("\n")}
`;
}
