import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Advice } from "./advice.ts";

const run = promisify(execFile);
const timeout = 20_000;

export interface SoftwareOptions {
  /** The Python that serves. */
  readonly python?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Names in Python's package index whose versions matter, read from their metadata without importing them. */
const packages = ["torchserve", "torch", "onnxruntime", "numpy"] as const;

const listVersions = `
import json, sys
from importlib import metadata
def version(name):
    try: return metadata.version(name)
    except metadata.PackageNotFoundError: return None
print(json.dumps({"python": sys.version.split()[0], **{name: version(name) for name in sys.argv[1:]}}))
`;

/** Java, Python and the packages that TorchServe needs. Nothing is imported; each program gets twenty seconds. */
export async function adviseOnSoftware(options: SoftwareOptions): Promise<Advice[]> {
  const [java, python] = await Promise.all([javaVersion(options), pythonVersions(options)]);
  const rows: Advice[] = [adviseOnJava(java), adviseOnPython(options.python ?? "python3", python)];
  for (const name of packages) rows.push(adviseOnPackage(name, python?.[name] ?? null));
  return rows;
}

async function javaVersion(options: SoftwareOptions): Promise<string | null> {
  const home = options.env["JAVA_HOME"];
  try {
    const { stderr } = await run(home ? `${home}/bin/java` : "java", ["-version"], {
      timeout,
      env: { ...options.env },
    });
    return /version "([^"]+)"/.exec(stderr)?.[1] ?? null;
  } catch {
    return null;
  }
}

async function pythonVersions(options: SoftwareOptions): Promise<Record<string, string | null> | null> {
  const command = options.python ?? "python3";
  try {
    const { stdout } = await run(command, ["-I", "-c", listVersions, ...packages], {
      timeout,
      env: { ...options.env },
    });
    return JSON.parse(stdout) as Record<string, string | null>;
  } catch {
    return null;
  }
}

/** TorchServe's front end is compiled for Java 11; its workers run Python 3.8 and up. */
function adviseOnJava(version: string | null): Advice {
  const row = { id: "java", title: "Java", why: "TorchServe's front end runs on Java 11 or newer (17 is tested)." };
  const major = Number(version?.split(".")[0] === "1" ? version.split(".")[1] : version?.split(/[.+-]/)[0]);
  const remedy = "Install a headless JRE: apt-get install default-jre-headless";
  if (version === null) return { ...row, value: "not found", level: "warning", remedy };
  return major < 11
    ? { ...row, value: version, level: "problem", remedy }
    : { ...row, value: version, level: "ok", remedy: null };
}

function adviseOnPython(command: string, versions: Record<string, string | null> | null): Advice {
  const row = { id: "python", title: "Python", why: "Each worker is a Python process." };
  const version = versions?.["python"];
  if (!version)
    return {
      ...row,
      value: `${command} not found`,
      level: "warning",
      remedy: "Install Python 3.9 or newer, or pass --python.",
    };
  const old = Number(version.split(".")[1]) < 8;
  return {
    ...row,
    value: `${version} (${command})`,
    level: old ? "problem" : "ok",
    remedy: old ? "Install Python 3.9 or newer." : null,
  };
}

const reasons: Readonly<Record<(typeof packages)[number], readonly [why: string, remedy: string]>> = {
  torchserve: ["The server itself.", "pip install torchserve==0.12.0"],
  torch: ["TorchServe's worker and its built-in handlers import it.", "pip install torch"],
  onnxruntime: ["Handlers that serve ONNX models import it.", "pip install onnxruntime"],
  numpy: ["torch before 2.3 is built against NumPy 1 and fails with NumPy 2.", "pip install numpy"],
};

function adviseOnPackage(name: (typeof packages)[number], version: string | null): Advice {
  const [why, remedy] = reasons[name];
  const row = { id: name, title: name, why };
  return version === null
    ? { ...row, value: "not installed", level: "note", remedy }
    : { ...row, value: version, level: "ok", remedy: null };
}
