import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";

interface DoctorFlags {
  readonly modelStore?: string;
  readonly python?: string;
  readonly root?: string;
  readonly json?: boolean;
}

export function doctorCommand(io: Io): Command {
  return new Command("doctor")
    .description("tell what this machine or container offers for serving, and what to mend")
    .option("--model-store <folder>", "measure the read speed of this folder of archives")
    .option("--python <command>", "the Python that serves", "python3")
    .option("--root <folder>", "read a recorded tree of /proc and /sys instead of this machine")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (flags: DoctorFlags) => {
      const [{ doctor }, { renderDiagnosis }] = await Promise.all([
        import("../../serving/doctor.ts"),
        import("../../report/doctor-report.ts"),
      ]);
      const software = flags.root === undefined ? { python: flags.python, env: io.env } : undefined;
      const diagnosis = await doctor({ root: flags.root, modelStore: flags.modelStore, software });
      const width = Math.min(io.stdout.columns ?? 100, 100);
      io.stdout.write(
        flags.json
          ? `${JSON.stringify(diagnosis, null, 2)}\n`
          : renderDiagnosis(diagnosis, chalkFor(io, io.stdout), width),
      );
      io.exitCode = diagnosis.advice.some((row) => row.level === "problem") ? 1 : 0;
    });
}

const examples = `
Examples:
  $ model-archiver doctor --model-store /srv/model_store
  $ model-archiver doctor --json`;
