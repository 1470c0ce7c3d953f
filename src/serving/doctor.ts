import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArchiverError } from "../errors.ts";
import { readMachine } from "../machine/read-machine.ts";
import type { Machine } from "../machine/machine.ts";
import { adviseOnMachine, type Advice } from "./advice.ts";
import { adviseOnModelStore } from "./disk.ts";
import { adviseOnSoftware, type SoftwareOptions } from "./software.ts";

export interface DoctorOptions {
  /** Where `proc/` and `sys/` lie. */
  readonly root?: string;
  /** Folder of archives whose read speed is measured. */
  readonly modelStore?: string;
  /** Left out: the programs are not looked for (a recorded tree has none). */
  readonly software?: SoftwareOptions;
}

export interface Diagnosis {
  readonly schemaVersion: 1;
  readonly machine: Machine;
  readonly advice: readonly Advice[];
}

/** What this machine or container offers for serving, and what to mend. Throws ArchiverError `not-found`. */
export async function doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
  const { root } = options;
  if (root !== undefined && !existsSync(join(root, "proc"))) {
    throw new ArchiverError("not-found", `${root} has no folder proc.`);
  }
  const machine = readMachine(root);
  const advice = adviseOnMachine(machine);
  if (options.modelStore !== undefined) advice.push(await adviseOnModelStore(options.modelStore));
  if (options.software !== undefined) advice.push(...(await adviseOnSoftware(options.software)));
  return { schemaVersion: 1, machine, advice };
}
