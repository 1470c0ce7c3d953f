import type { Command } from "commander";
import type { Io } from "./io.ts";
import { archiveCommand } from "./commands/archive.ts";
import { attestCommand } from "./commands/attest.ts";
import { benchCommand } from "./commands/bench.ts";
import { bomCommand } from "./commands/bom.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { convertCommand } from "./commands/convert.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { extractCommand } from "./commands/extract.ts";
import { initCommand } from "./commands/init.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { keygenCommand } from "./commands/keygen.ts";
import { pullCommand } from "./commands/pull.ts";
import { pushCommand } from "./commands/push.ts";
import { signCommand } from "./commands/sign.ts";
import { syncCommand } from "./commands/sync.ts";
import { tuneCommand } from "./commands/tune.ts";
import { verifyCommand } from "./commands/verify.ts";
import { verifySignatureCommand } from "./commands/verify-signature.ts";

/** Every command, in the order of the help. Definitions are light; an action loads what it needs. */
export function commands(io: Io): readonly Command[] {
  return [
    initCommand(io),
    archiveCommand(io),
    inspectCommand(io),
    extractCommand(io),
    verifyCommand(io),
    benchCommand(io),
    tuneCommand(io),
    explainCommand(io),
    convertCommand(io),
    doctorCommand(io),
    configCommand(io),
    keygenCommand(io),
    signCommand(io),
    verifySignatureCommand(io),
    attestCommand(io),
    pushCommand(io),
    pullCommand(io),
    syncCommand(io),
    bomCommand(io),
    diffCommand(io),
    exportCommand(io),
    completionCommand(io),
  ];
}
