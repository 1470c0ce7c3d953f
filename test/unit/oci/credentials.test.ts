import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Authorization } from "../../../src/oci/authorization.ts";
import { push } from "../../../src/oci/push.ts";
import { send } from "../../../src/oci/transport.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const reference = () => `oci://${registry.host}/m:1`;
const env = () => ({ DOCKER_CONFIG: folder, PATH: `${path("bin")}:${process.env["PATH"]}` });
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: env() });
const pushed = () =>
  push(path("m.mar"), reference(), { env: env(), plainHttp: "loopback", retry: { attempts: 2, base: 1 } });
const configure = (config: object) => writeFileSync(path("config.json"), JSON.stringify(config));
const encoded = Buffer.from("user:s3cret").toString("base64");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "credentials-"));
  registry = new FaultRegistry();
  registry.login = "user:s3cret";
  await registry.start();
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  await run("archive", "--model-name", "m", "-v", "1", "--handler", "h.py");
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As docker's: the host on stdin, JSON on stdout. */
function helper(answer: object): void {
  mkdirSync(path("bin"));
  const script = `#!/bin/sh\nread host\n[ "$1" = get ] && [ "$host" = "${registry.host}" ] && echo '${JSON.stringify(answer)}'\n`;
  writeFileSync(path("bin/docker-credential-test"), script);
  chmodSync(path("bin/docker-credential-test"), 0o755);
}

test.each(["bearer", "basic"] as const)("%s: auths, with auth or with user and password", async (scheme) => {
  registry.scheme = scheme;
  await expect(pushed()).rejects.toMatchObject({ code: "denied" });
  configure({ auths: { [registry.host]: { auth: encoded } } });
  await pushed();
  configure({ auths: { [`https://${registry.host}`]: { username: "user", password: "s3cret" } } });
  await pushed();
});

test.each([
  ["credHelpers", () => ({ credHelpers: { [registry.host]: "test" } })],
  ["credsStore", () => ({ credsStore: "test" })],
] as const)("a credential helper by %s, and what stands in the file when it knows nothing", async (_, config) => {
  helper({ Username: "user", Secret: "s3cret" });
  configure(config());
  await pushed();
  rmSync(path("bin"), { recursive: true });
  await expect(pushed()).rejects.toMatchObject({ code: "denied" });
  configure({ ...config(), auths: { [registry.host]: { auth: encoded } } });
  await pushed();
});

test("an identity token, from the file or from a helper, is exchanged", async () => {
  registry.identityToken = "identity";
  configure({ auths: { [registry.host]: { identitytoken: "identity" } } });
  await pushed();
  helper({ Username: "<token>", Secret: "identity" });
  configure({ credsStore: "test" });
  await pushed();
});

test("a token that is no longer good is asked for again", async () => {
  configure({ auths: { [registry.host]: { auth: encoded } } });
  let asked = 0;
  // Once, when the first bytes are there: the tokens of before do not count any more.
  const onBytes = (): void => void (asked ||= registry.tokens += 1);
  await push(path("m.mar"), reference(), { env: env(), plainHttp: "loopback", onBytes });
  expect(registry.tokens).toBeGreaterThan(asked);
  expect(registry.manifests.has("1")).toBe(true);
});

test("nothing that is secret is shown, whatever goes wrong", async () => {
  configure({ auths: { [registry.host]: { auth: encoded } } });
  const shown: string[] = [];
  const attempt = async (...argv: string[]): Promise<void> => {
    const { exitCode, stdout, stderr } = await run(...argv, "--plain-http");
    if (exitCode === 2) shown.push(stdout + stderr);
  };
  for (const kind of [403, 400, 404, 302] as const) {
    for (const method of ["POST", "PUT", "HEAD"]) {
      registry.faults.push({ method, path: /./, kind });
      await attempt("push", "m.mar", reference(), ...(kind === 403 ? ["--json"] : []));
      registry.faults.length = 0;
    }
  }
  registry.login = "user:another";
  await attempt("push", "m.mar", reference());
  await attempt("pull", reference(), "--json");
  await attempt("pull", `oci://user:s3cret@${registry.host}/m:1`);
  await attempt("pull", `oci://user:s3cret@${registry.host}/m:1`, "--json");
  expect(shown.length).toBeGreaterThan(8);
  const all = shown.join("\n");
  for (const secret of ["s3cret", encoded, "Bearer", "token-", "hush"]) expect(all).not.toContain(secret);
  expect(readFileSync(path("config.json"), "utf8")).toContain(encoded);
});

test("credentials are for the registry's own origin: not for where an upload is sent, nor a blob fetched from", async () => {
  registry.scheme = "basic";
  const own = new URL(`http://${registry.host}/v2/m/`);
  const authorization = new Authorization(own, "", async () => ({ user: "user", password: "s3cret" }));
  const refusal = await send({ method: "GET", url: own });
  refusal.message.destroy();
  expect(await authorization.answer(refusal, undefined, undefined)).toBe(true);
  expect(authorization.headers(new URL("blobs/uploads/1", own))).toEqual({ authorization: `Basic ${encoded}` });
  for (const other of ["http://127.0.0.1:1/v2/m/", "https://registry.example.org/", `https://${registry.host}/`]) {
    expect(authorization.headers(new URL(other))).toEqual({});
  }
});

test("a reference holds no password", () => {
  expect(() => parseReference("oci://user:pw@host/m:1")).toThrow(expect.objectContaining({ code: "usage" }));
});
