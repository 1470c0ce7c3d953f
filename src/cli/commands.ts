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

/** Every command by its name, in the order of the help. Definitions are light; an action loads what it needs. */
const definitions = {
  init: initCommand,
  archive: archiveCommand,
  inspect: inspectCommand,
  extract: extractCommand,
  verify: verifyCommand,
  bench: benchCommand,
  tune: tuneCommand,
  explain: explainCommand,
  convert: convertCommand,
  doctor: doctorCommand,
  config: configCommand,
  keygen: keygenCommand,
  sign: signCommand,
  "verify-signature": verifySignatureCommand,
  attest: attestCommand,
  push: pushCommand,
  pull: pullCommand,
  sync: syncCommand,
  bom: bomCommand,
  diff: diffCommand,
  export: exportCommand,
  completion: completionCommand,
} as const satisfies Readonly<Record<string, (io: Io) => Command>>;

export function commands(io: Io): readonly Command[] {
  return Object.values(definitions).map((define) => define(io));
}

/** Its action tells of every other command. */
const tellsOfAll = "completion";

/** These alone are enough for a command line that begins with `first`; a name of ours needs no other command. */
export function commandsFor(first: string | undefined, io: Io): readonly Command[] {
  if (first === undefined || !isName(first) || first === tellsOfAll) return commands(io);
  return [definitions[first](io)];
}

function isName(word: string): word is keyof typeof definitions {
  return Object.hasOwn(definitions, word);
}
