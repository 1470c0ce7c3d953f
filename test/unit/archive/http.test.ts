import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { openArchive, type OpenOptions } from "../../../src/archive/open.ts";
import { ArchiverError } from "../../../src/errors.ts";
import { archiveRules } from "./judge.ts";
import { hostileZip } from "./hostile-zip.ts";

const weights = Buffer.alloc(8 << 20, 7);
const manifest = '{"model":{"modelName":"m"}}';
const mar = hostileZip([
  { name: "handler.py", data: "def handle(data, context): ...\n" },
  { name: "w.bin", data: weights },
  { name: "MAR-INF/MANIFEST.json", data: manifest },
]);

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** As a file server answers: 206 for a range, 200 without. */
const ranges: Answer = (request, response, body) => {
  const match = /^bytes=(\d*)-(\d*)$/u.exec(request.headers.range ?? "");
  if (match === null) {
    response.writeHead(200, { "content-length": body.length }).end(body);
    return;
  }
  const suffix = match[1] === "";
  const start = suffix ? Math.max(0, body.length - Number(match[2])) : Number(match[1]);
  const end = suffix ? body.length - 1 : Math.min(Number(match[2]), body.length - 1);
  const part = body.subarray(start, end + 1);
  const range = `bytes ${start}-${end}/${body.length}`;
  response.writeHead(206, { "content-range": range, "content-length": part.length, etag: '"1"' }).end(part);
};
const whole: Answer = (_, response, body) => void response.writeHead(200, { "content-length": body.length }).end(body);

let answer: Answer = ranges;
let body = mar;
let seen: IncomingMessage[] = [];
let sent = 0;
const server = createServer((request, response) => {
  seen.push(request);
  response.on("close", () => {
    sent += Number(response.getHeader("content-length") ?? 0);
  });
  answer(request, response, body);
});
let url = "";
const tmpDir = mkdtempSync(join(tmpdir(), "http-test-"));

beforeEach(async () => {
  if (!server.listening) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}/m.mar`;
  answer = ranges;
  body = mar;
  seen = [];
  sent = 0;
});
afterEach(() => expect(readdirSync(tmpDir)).toEqual([]));
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(tmpDir, { recursive: true, force: true });
});

async function failure(options: OpenOptions = {}): Promise<string> {
  try {
    const archive = await openArchive(url, { tmpDir, ...options });
    try {
      for (const entry of archive.entries) for await (const block of archive.stream(entry)) void block;
    } finally {
      await archive.close();
    }
  } catch (error) {
    if (error instanceof ArchiverError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

test("inspecting costs at most four requests and less than a megabyte", async () => {
  const archive = await openArchive(url, { tmpDir });
  expect(archive.entries.map(({ path }) => path)).toEqual(["handler.py", "w.bin", "MAR-INF/MANIFEST.json"]);
  for (const [index, expected] of [
    [2, manifest],
    [0, "def handle(data, context): ...\n"],
  ] as const) {
    const entry = archive.entries[index];
    const source = entry && (await archive.open(entry));
    expect(Buffer.from((await source?.read(0, source.size)) ?? []).toString()).toBe(expected);
  }
  const large = archive.entries[1];
  const source = large && (await archive.open(large));
  expect((await source?.read(0, 100))?.every((byte) => byte === 7)).toBe(true);
  expect(seen.length).toBeLessThanOrEqual(4);
  expect(sent).toBeLessThan(1 << 20);
  await archive.close();
});

test("what was read in parts is never called sound", async () => {
  const archive = await openArchive(url, { tmpDir });
  expect(archive.partial).toBeTypeOf("string");
  await archive.close();
  const fetched = await openArchive(url, { tmpDir, whole: true });
  expect(fetched.partial).toBeUndefined();
  expect(fetched.location).toBe(url);
  expect(await archiveRules(fetched)).toEqual([]);
  await fetched.close();
});

test("a server without ranges: the size, and the way out", async () => {
  answer = whole;
  expect(await failure()).toContain(`no-ranges: ${url} is of ${mar.length.toLocaleString("en")} bytes`);
  expect(await failure({ download: true })).toBe("none");
});

test("redirects are followed five times", async () => {
  const base = url.replace("/m.mar", "");
  const hops =
    (count: number): Answer =>
    (request, response, content) => {
      const at = Number(/\/hop(\d+)/u.exec(request.url ?? "")?.[1] ?? 0);
      if (at >= count) ranges(request, response, content);
      else response.writeHead(302, { location: `${base}/hop${at + 1}` }).end();
    };
  answer = hops(5);
  expect(await failure()).toBe("none");
  answer = hops(6);
  expect(await failure()).toContain("more than 5 redirects");
});

test("a redirect to a file is refused", async () => {
  answer = (_, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end();
  expect(await failure()).toContain("network: ");
});

test("credentials go to their own host only", async () => {
  const other = createServer((request, response) => {
    seen.push(request);
    ranges(request, response, body);
  });
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const { port } = other.address() as AddressInfo;
  answer = (_, response) => void response.writeHead(302, { location: `http://127.0.0.1:${port}/m.mar` }).end();
  url = url.replace("http://", "http://user:secret@");
  expect(await failure()).toBe("none");
  const [first, second] = seen;
  expect(first?.headers.authorization).toBe(`Basic ${Buffer.from("user:secret").toString("base64")}`);
  expect(second?.headers.authorization).toBeUndefined();
  other.close();
  other.closeAllConnections();
});

test("messages never show user, password or query", async () => {
  answer = (_, response) => void response.writeHead(403).end();
  url = `${url.replace("http://", "http://user:secret@")}?token=abc`;
  const message = await failure();
  expect(message).toContain("answered 403");
  expect(message).not.toMatch(/secret|abc/u);
});

test.each<[string, Answer, string]>([
  ["404", (_, response) => void response.writeHead(404).end(), "answered 404"],
  [
    "a cut connection",
    (_, response) =>
      void response
        .writeHead(206, { "content-range": `bytes 0-99/${mar.length}`, "content-length": 100 })
        .write("x", () => response.destroy()),
    "network: ",
  ],
  [
    "a body that is too short",
    (_, response) => void response.writeHead(206, { "content-range": `bytes 0-99/${mar.length}` }).end("x"),
    "sent 1 of 100 bytes",
  ],
  [
    "a body that does not end",
    (_, response) =>
      void response.writeHead(206, { "content-range": `bytes 0-9/${mar.length}` }).end(Buffer.alloc(1 << 20)),
    "more than the 10 bytes",
  ],
  [
    "a range that lies",
    (_, response) => void response.writeHead(206, { "content-range": "bytes 9-1/5" }).end(),
    "answered 206",
  ],
  ["no connection", (request) => void request.socket.destroy(), "network: "],
])("a server that sends %s is a failure, not a hang", async (_, given, expected) => {
  answer = given;
  expect(await failure()).toContain(expected);
});

test("a file that changes between two requests is noticed", async () => {
  let count = 0;
  answer = (request, response, content) => {
    count += 1;
    ranges(request, response, count === 1 ? content : content.subarray(1));
  };
  expect(await failure()).toContain("changed while it was read");
});

test("a download that is cut leaves nothing behind", async () => {
  answer = (request, response, content) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 1 << 20), () => response.destroy());
    void request;
  };
  expect(await failure({ whole: true })).toContain("network: ");
});

test("only http and https are URLs", async () => {
  await expect(openArchive("ftp://127.0.0.1/m.mar")).rejects.toMatchObject({ code: "not-found" });
});
