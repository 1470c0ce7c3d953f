import type { ConfigFinding } from "./config-finding.ts";

type Rule = Pick<ConfigFinding, "rule" | "severity" | "message" | "remedy">;

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** A systemd unit (systemd.syntax(7)) that starts TorchServe. */
export function checkSystemdUnit(text: string): ConfigFinding[] {
  const settings = readSettings(text);
  const service = settings.find((setting) => setting.name === "ExecStart")?.line ?? 1;
  const last = (name: string) => settings.findLast((setting) => setting.name === name);
  const findings: ConfigFinding[] = [];
  const report = (line: number, rule: Rule) => findings.push({ ...rule, line, column: 1 });
  const user = last("User");
  if (!user || user.value === "root" || user.value === "0") {
    report(
      user?.line ?? service,
      danger("the server, and every handler it loads, runs as root", "Set User=torchserve."),
    );
  }
  const environment = settings.filter((setting) => setting.name === "Environment").map((setting) => setting.value);
  if (!environment.some((value) => /\bOMP_NUM_THREADS=/.test(value))) {
    report(
      service,
      missing(
        "no OMP_NUM_THREADS: each worker starts as many threads as the host has cores",
        "Set Environment=OMP_NUM_THREADS=<physical cores>.",
      ),
    );
  }
  const threads = Number(/\bOMP_NUM_THREADS=["']?(\d+)/.exec(environment.join(" "))?.[1]);
  const cores = Number(/^(\d+(?:\.\d+)?)%$/.exec(last("CPUQuota")?.value ?? "")?.[1]) / 100;
  if (threads > Math.ceil(cores)) {
    const message = `OMP_NUM_THREADS is ${threads}, more than the ${cores} CPUs of CPUQuota, which will throttle it`;
    const remedy = `Set OMP_NUM_THREADS to ${Math.max(1, Math.floor(cores))}.`;
    const line = settings.find(({ value }) => value.includes("OMP_NUM_THREADS="))?.line ?? service;
    report(line, { rule: "contradiction", severity: "warning", message, remedy });
  }
  for (const [name, remedy] of wanted) {
    if (!last(name)) report(service, missing(`no ${name}`, remedy));
  }
  const start = last("ExecStart");
  if (start && !/--foreground\b/.test(start.value) && !/^forking$/.test(last("Type")?.value ?? "")) {
    report(
      start.line,
      contradiction(
        "torchserve --start goes to the background and systemd takes that for its end",
        "Add --foreground.",
      ),
    );
  }
  if (start && /--(disable-token-auth|dt|enable-model-api)\b/.test(start.value)) {
    report(
      start.line,
      danger(
        "the command line opens what config.properties closes",
        "Remove --disable-token-auth and --enable-model-api.",
      ),
    );
  }
  return findings.toSorted((a, b) => a.line - b.line);
}

const wanted = [
  ["LimitMEMLOCK", "Set LimitMEMLOCK=infinity."],
  ["LimitSTACK", "Set LimitSTACK=67108864."],
  ["CPUQuota", "Set CPUQuota to 100 % a core."],
  ["MemoryMax", "Set MemoryMax."],
] as const;

const missing = (message: string, remedy: string): Rule => ({ rule: "missing", severity: "warning", message, remedy });
const danger = (message: string, remedy: string): Rule => ({ rule: "dangerous", severity: "warning", message, remedy });
const contradiction = (message: string, remedy: string): Rule => ({
  rule: "contradiction",
  severity: "error",
  message,
  remedy,
});

function readSettings(text: string): Setting[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const match = /^(\w+)\s*=\s*(.*)$/.exec(line.trim());
    return match === null ? [] : [{ name: match[1] ?? "", value: match[2] ?? "", line: index + 1 }];
  });
}
