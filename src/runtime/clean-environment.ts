import { join } from "node:path";

const kept = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot", "LANG", "JAVA_HOME", "OMP_NUM_THREADS"];

/** What a Python or a Java needs to start; tokens and keys of the caller's environment stay here. `folder` is its home. */
export function cleanEnvironment(folder: string, temporary = folder): NodeJS.ProcessEnv {
  const { env } = process;
  const own = kept.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]] as const]));
  // Packages of `pip install --user` are found by the home folder, which is not ours to show.
  const home = env["HOME"] === undefined ? {} : { PYTHONUSERBASE: join(env["HOME"], ".local") };
  const quiet = { ORT_DISABLE_TELEMETRY: "1" };
  return {
    ...Object.fromEntries(own),
    ...home,
    ...quiet,
    HOME: folder,
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
  };
}
