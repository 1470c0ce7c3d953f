import { execFileSync, spawnSync } from "node:child_process";

/** The Python of the other side: MODEL_ARCHIVER_TEST_PYTHON, else the one in PATH. */
export const python = process.env["MODEL_ARCHIVER_TEST_PYTHON"] ?? "python3";

/** Why a test that needs these Python modules cannot run; null when it can. */
export function lacksPython(...modules: readonly string[]): string | null {
  const { status } = spawnSync(python, ["-c", modules.map((name) => `import ${name}`).join("\n")], { stdio: "ignore" });
  return status === 0 ? null : `skipped: needs ${python} with ${modules.join(", ")}`;
}

/** Why a test that needs these programs cannot run; null when it can. */
export function lacksProgram(...programs: readonly string[]): string | null {
  const missing = programs.filter((name) => spawnSync(name, ["--help"], { stdio: "ignore" }).error !== undefined);
  return missing.length === 0 ? null : `skipped: needs ${missing.join(", ")}`;
}

/** Runs a Python program on `args` and gives what it printed, read as JSON. */
export function askPython(program: string, args: readonly string[]): unknown {
  return JSON.parse(execFileSync(python, ["-c", program, ...args], { encoding: "utf8", maxBuffer: 1 << 28 }));
}
