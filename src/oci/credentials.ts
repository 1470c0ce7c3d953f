import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** `token` is an identity token for the bearer flow. */
export type Credentials = { readonly user: string; readonly password: string } | { readonly token: string };

/**
 * What `docker login` left for a host: `auths`, or a credential helper. Null: anonymous.
 * https://docs.docker.com/reference/cli/docker/login/
 */
export async function dockerCredentials(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | null> {
  const folder = env["DOCKER_CONFIG"] ?? join(env["HOME"] ?? homedir(), ".docker");
  const config = await readConfig(join(folder, "config.json"));
  const name = host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
  const helper = field(field(config, "credHelpers"), name) ?? field(config, "credsStore");
  if (typeof helper === "string" && /^[\w.-]+$/u.test(helper)) {
    const found = await askHelper(helper, name, env);
    if (found !== null) return found;
  }
  const auths = field(config, "auths");
  for (const key of [name, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`, `http://${host}`]) {
    const found = readAuth(field(auths, key));
    if (found !== null) return found;
  }
  return null;
}

async function readConfig(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function readAuth(value: unknown): Credentials | null {
  const token = field(value, "identitytoken");
  if (typeof token === "string" && token !== "") return { token };
  const auth = field(value, "auth");
  if (typeof auth === "string" && auth !== "") {
    const pair = Buffer.from(auth, "base64").toString("utf8");
    const colon = pair.indexOf(":");
    if (colon > 0) return { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
  }
  const [user, password] = [field(value, "username"), field(value, "password")];
  return typeof user === "string" && typeof password === "string" ? { user, password } : null;
}

/** https://github.com/docker/docker-credential-helpers: the host on stdin, JSON on stdout. */
function askHelper(
  helper: string,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | null> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: 30_000, maxBuffer: 1 << 20 };
    const child = execFile(`docker-credential-${helper}`, ["get"], options, (error, stdout) => {
      if (error) return resolve(null);
      try {
        const answer: unknown = JSON.parse(stdout);
        const [user, secret] = [field(answer, "Username"), field(answer, "Secret")];
        if (typeof user !== "string" || typeof secret !== "string") return resolve(null);
        resolve(user === "<token>" ? { token: secret } : { user, password: secret });
      } catch {
        resolve(null);
      }
    });
    child.on("error", () => resolve(null));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(name);
  });
}
