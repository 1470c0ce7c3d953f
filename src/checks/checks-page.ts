import type { Check, Severity } from "./check.ts";

const consequences: Readonly<Record<Severity, string>> = {
  error: "Error: the archive is `not ready`.",
  warning: "Warning: counts with `--strict` only.",
  note: "Note: never lowers the verdict.",
};

const intro = `# Checks

What \`model-archiver verify\` asks about an archive. Ids are stable: use them with \`--ignore\`, in the policy file and in
SARIF. \`model-archiver explain <id>\` prints one of these.

Generated from the code by \`npm run generate\`.
`;

/** The text of docs/checks.md. */
export function checksPage(checks: readonly Check[]): string {
  const families = new Map<string, Check[]>();
  for (const check of checks) {
    const family = check.id.split("/")[0] ?? "";
    families.set(family, [...(families.get(family) ?? []), check]);
  }
  const parts = [...families].map(([family, list]) => `## ${family}\n\n${list.map(section).join("\n")}`);
  return `${intro}\n${parts.join("\n")}`;
}

function section(check: Check): string {
  const after = (check.after ?? []).map((before) => `\`${before.id}\``);
  return [
    `### ${check.id}`,
    "",
    `**${check.title}.** ${consequences[check.severity]}`,
    "",
    check.why,
    "",
    `Remedy: ${check.remedy}`,
    "",
    ...(check.runsModel ? ["Needs the dummy run; left out with `--static`.", ""] : []),
    ...(after.length > 0 ? [`Asked after ${after.join(", ")}.`, ""] : []),
  ].join("\n");
}
