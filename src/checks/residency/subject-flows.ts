import { auditedPaths, auditFiles, type AuditedFile } from "../../residency/audit.ts";
import type { Flow } from "../../residency/flow.ts";
import { judgeFlow, type Judgement } from "../../residency/jurisdiction.ts";
import { type Check, type Finding, type NoAnswer, notApplicable } from "../check.ts";
import type { Subject } from "../subject.ts";

export interface JudgedFlow extends Flow {
  readonly judgement: Judgement;
}

const known = new WeakMap<Subject, Promise<readonly JudgedFlow[]>>();

/** The data flows of the archive's files in the light of `--residency`; null when nobody asked. Found once. */
export async function subjectFlows(subject: Subject): Promise<readonly JudgedFlow[] | null> {
  const policy = subject.options.residency;
  if (policy === null) return null;
  const found = known.get(subject) ?? audit(subject);
  known.set(subject, found);
  return found;
}

async function audit(subject: Subject): Promise<readonly JudgedFlow[]> {
  const { archive, options } = subject;
  const policy = options.residency;
  const files: AuditedFile[] = [...options.besides];
  for (const path of auditedPaths(archive)) {
    const bytes = await subject.bytes(path);
    if (bytes !== null) files.push({ path, bytes });
  }
  const entries = new Set(archive.entries.map((entry) => entry.path));
  const flows = await auditFiles(files, entries);
  return policy === null ? [] : flows.map((flow) => ({ ...flow, judgement: judgeFlow(flow, policy) }));
}

type Facts = Pick<Check, "id" | "title" | "severity" | "why" | "remedy">;

/** A check that reports the flows which `tell` has a sentence for. */
export function flowCheck(facts: Facts, tell: (flow: JudgedFlow) => Omit<Finding, "at"> | null): Check {
  return {
    ...facts,
    async *run(subject): AsyncGenerator<Finding, NoAnswer | void> {
      const flows = await subjectFlows(subject);
      if (flows === null) return notApplicable;
      for (const flow of flows) {
        const finding = tell(flow);
        if (finding !== null) yield { ...finding, at: flow.line === null ? flow.file : `${flow.file}:${flow.line}` };
      }
    },
  };
}

/** `Amazon Web Services, Inc. (US)`. */
export function providerText(flow: Flow): string {
  return flow.provider === null
    ? "a provider that is not in the table"
    : `${flow.provider.provider} (${flow.provider.seat})`;
}
