import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";

interface ExplainFlags {
  readonly json?: boolean;
}

export function explainCommand(io: Io): Command {
  return new Command("explain")
    .description("say what a check looks at, why, and what to do")
    .argument("[check-id]", "such as handler/missing; without it, every check is listed")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (id: string | undefined, flags: ExplainFlags) => {
      const [{ checks }, { explain }, { explanationJson, renderExplanation }] = await Promise.all([
        import("../../checks/registry.ts"),
        import("../../verify/explain.ts"),
        import("../../report/explain-report.ts"),
      ]);
      const found = explain(checks, id);
      const width = io.stdout.columns ?? 100;
      io.stdout.write(
        flags.json ? explanationJson(found) : renderExplanation(found, id, chalkFor(io, io.stdout), width),
      );
    });
}

const examples = `
Examples:
  $ model-archiver explain model/nondeterministic
  $ model-archiver explain | grep pickle`;
