import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with the next request that fits; each fault happens once. */
export interface Fault {
  readonly method: string;
  readonly path: RegExp;
  /**
   * A status to answer; `cut` the connection in the middle; do what is asked and let the answer be `lost`; or send, or
   * keep, other bytes.
   */
  readonly kind: number | "cut" | "lost" | "truncated" | "other-bytes";
  /** Only for uploads that have this many bytes already. */
  readonly from?: number;
  /** Only for requests to take a blob from another repository. */
  readonly mount?: boolean;
}

/** A registry over the loopback that speaks the protocol for what a real one cannot be made to do: tokens and faults. */
export class FaultRegistry {
  /** By repository. */
  readonly repositories = new Map<string, Map<string, Buffer>>();
  readonly manifests = new Map<string, { readonly bytes: Buffer; readonly type: string }>();
  readonly uploads = new Map<string, Buffer>();
  readonly faults: Fault[] = [];
  /** `METHOD path` of each request, with `range` or `content-range` where there is one. */
  readonly log: string[] = [];
  /** Host and authorization of each request to somewhere else. */
  readonly elsewhere: (string | undefined)[] = [];
  /** User and password that the token service wants; null: open to all. */
  login: string | null = null;
  /** Who asks with this instead gets a token, too. */
  identityToken = "";
  /** How the registry itself wants to know who asks. */
  scheme: "bearer" | "basic" = "bearer";
  tokens = 0;
  /** Blobs are fetched from another origin, as clouds do. */
  redirectBlobs = false;
  /** Whether it lists what refers to a manifest, as OCI 1.1 has it. */
  knowsReferrers = false;
  /** What becomes of a request to take a blob from another repository. */
  mounts: "given" | "not given" | "refused" = "given";
  /** Bytes of blobs that were sent to clients. */
  served = 0;
  /** Blobs that were on their way at the same time, at most. */
  mostAtOnce = 0;
  #onTheirWay = 0;
  #server: Server | undefined;
  #storage: Server | undefined;
  host = "";

  /** The blobs of the repository that most tests use. */
  get blobs(): Map<string, Buffer> {
    return this.#blobsOf("m");
  }

  #blobsOf(repository: string): Map<string, Buffer> {
    const blobs = this.repositories.get(repository) ?? new Map<string, Buffer>();
    this.repositories.set(repository, blobs);
    return blobs;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#storage = createServer((request, response) => {
      this.elsewhere.push(request.headers.authorization);
      this.#sendBlob(request, response, this.blobs.get((request.url ?? "").slice(1)));
    });
    for (const server of [this.#server, this.#storage]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    this.host = `127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    for (const server of [this.#server, this.#storage]) {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "", `http://${this.host}`);
    const range = headers["content-range"] ?? headers.range;
    this.log.push(`${method} ${url.pathname}${range === undefined ? "" : ` ${range}`}`);
    if (url.pathname === "/token") return this.#token(request, response, await this.#body(request, null));
    const bearer = this.scheme === "bearer";
    const wanted = bearer ? `Bearer token-${this.tokens}` : basic(this.login ?? "");
    if (this.login !== null && headers.authorization !== wanted) {
      const challenge = bearer ? `Bearer realm="http://${this.host}/token",service="test"` : 'Basic realm="test"';
      response.writeHead(401, { "www-authenticate": challenge, "content-length": "0" }).end();
      request.resume();
      return;
    }
    const uploaded = this.uploads.get(url.pathname.split("/").at(-1) ?? "")?.length ?? 0;
    const fits = (one: Fault): boolean =>
      one.method === method &&
      one.path.test(url.pathname) &&
      uploaded >= (one.from ?? 0) &&
      (one.mount !== true || url.searchParams.has("mount"));
    const at = this.faults.findIndex(fits);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0];
    if (typeof fault?.kind === "number") {
      response.writeHead(fault.kind, { "content-length": "0", "retry-after": "0" }).end();
      request.resume();
      return;
    }
    if (fault?.kind === "lost") response.writeHead = () => (request.socket.destroy(), response);
    if (fault?.kind === "cut" && method !== "PATCH" && method !== "GET") return void request.socket.destroy();
    const body = await this.#body(request, fault?.kind === "cut" && method === "PATCH" ? url.pathname : null);
    if (body !== null && method === "PATCH" && fault?.kind === "other-bytes") body.fill(0, 0, 1).fill(1, 1, 2);
    if (body !== null) this.#route(request, response, url, body, fault);
  }

  /** Reads the body; where it is to be cut, keeps the half of it and hangs up. */
  async #body(request: IncomingMessage, cutUpload: string | null): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    const half = Number(request.headers["content-length"] ?? 0) / 2;
    let size = 0;
    for await (const part of request) {
      parts.push(part);
      size += part.length;
      if (cutUpload !== null && size >= half) {
        const id = cutUpload.split("/").at(-1) ?? "";
        this.uploads.set(id, Buffer.concat([this.uploads.get(id) ?? Buffer.alloc(0), ...parts]));
        request.socket.destroy();
        return null;
      }
    }
    return Buffer.concat(parts);
  }

  #route(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer, fault: Fault | undefined): void {
    const { method } = request;
    const [repository = "", kind, ...rest] = url.pathname.replace(/^\/v2\//u, "").split("/");
    const name = rest.at(-1) ?? "";
    if (kind === "manifests") return this.#manifest(request, response, name, body, fault);
    if (kind === "referrers" && this.knowsReferrers) return this.#referrers(response, name);
    if (kind !== "blobs") return void response.writeHead(404).end();
    if (rest[0] === "uploads") {
      if (url.searchParams.has("mount") && this.#mount(response, url.searchParams, repository)) return;
      return this.#upload(method ?? "", response, url, repository, body);
    }
    if (this.redirectBlobs && method === "GET") {
      const port = this.#storage === undefined ? 0 : portOf(this.#storage);
      return void response.writeHead(307, { location: `http://127.0.0.1:${port}/${name}` }).end();
    }
    this.#sendBlob(request, response, this.#blobsOf(repository).get(name), fault);
  }

  /** False: an upload begins instead. */
  #mount(response: ServerResponse, parameters: URLSearchParams, repository: string): boolean {
    const digest = parameters.get("mount") ?? "";
    const blob = this.#blobsOf(parameters.get("from") ?? "").get(digest);
    if (this.mounts === "refused") response.writeHead(403, { "content-length": "0" }).end();
    if (this.mounts !== "given" || blob === undefined) return this.mounts === "refused";
    this.#blobsOf(repository).set(digest, blob);
    response.writeHead(201, { "content-length": "0" }).end();
    return true;
  }

  #sendBlob(request: IncomingMessage, response: ServerResponse, blob: Buffer | undefined, fault?: Fault): void {
    if (blob === undefined) return void response.writeHead(404).end();
    if (request.method === "HEAD") return void response.writeHead(200, { "content-length": blob.length }).end();
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? "") ?? [];
    const start = Number(from);
    const end = to === "" ? blob.length : Number(to) + 1;
    const part = Buffer.from(blob.subarray(start, end));
    if (fault?.kind === "other-bytes") part.fill(0, 0, 1).fill(1, 1, 2);
    this.served += part.length;
    response.writeHead(206, {
      "content-length": part.length,
      "content-range": `bytes ${start}-${end - 1}/${blob.length}`,
    });
    if (fault?.kind !== "cut" && fault?.kind !== "truncated") {
      this.#onTheirWay += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#onTheirWay);
      // Slow enough that others can be asked for meanwhile.
      setTimeout(() => response.end(part, () => (this.#onTheirWay -= 1)), 5);
      return;
    }
    response.write(part.subarray(0, part.length / 2), () => response.destroy());
  }

  #upload(method: string, response: ServerResponse, url: URL, repository: string, body: Buffer): void {
    const id = method === "POST" ? randomUUID() : (url.pathname.split("/").at(-1) ?? "");
    const sofar = this.uploads.get(id);
    // What a query holds may be a secret.
    const location = `/v2/${repository}/blobs/uploads/${id}?_state=hush`;
    if (method === "POST") this.uploads.set(id, Buffer.alloc(0));
    else if (sofar === undefined) return void response.writeHead(404).end();
    const all = method === "POST" || method === "GET" ? (sofar ?? body) : Buffer.concat([sofar ?? body, body]);
    this.uploads.set(id, all);
    const headers = { location, range: `0-${Math.max(0, all.length - 1)}`, "content-length": "0" };
    if (method !== "PUT") return void response.writeHead(method === "GET" ? 204 : 202, headers).end();
    const digest = url.searchParams.get("digest") ?? "";
    if (digest !== sha256(all)) {
      return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID","message":"digest"}]}');
    }
    this.#blobsOf(repository).set(digest, all);
    response.writeHead(201, { "content-length": "0" }).end();
  }

  #manifest(request: IncomingMessage, response: ServerResponse, name: string, body: Buffer, fault?: Fault): void {
    if (request.method === "PUT") {
      const stored = { bytes: body, type: request.headers["content-type"] ?? "" };
      this.manifests.set(name, stored);
      this.manifests.set(sha256(body), stored);
      const { subject } = JSON.parse(body.toString());
      const known = this.knowsReferrers && subject ? { "oci-subject": subject.digest } : {};
      return void response.writeHead(201, { "content-length": "0", ...known }).end();
    }
    const found = this.manifests.get(name);
    if (found === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": found.type, "content-length": found.bytes.length });
    if (fault?.kind !== "cut") return void response.end(found.bytes);
    response.write(found.bytes.subarray(0, 100), () => response.destroy());
  }

  #referrers(response: ServerResponse, digest: string): void {
    const manifests = [...this.manifests]
      .filter(([name, { bytes }]) => name === sha256(bytes) && JSON.parse(bytes.toString()).subject?.digest === digest)
      .map(([name, { bytes, type }]) => ({ mediaType: type, digest: name, size: bytes.length }));
    const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
    response.writeHead(200, { "content-type": index.mediaType }).end(JSON.stringify(index));
  }

  #token(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
    const form = new URLSearchParams(body?.toString());
    const exchanged = form.get("grant_type") === "refresh_token" && form.get("refresh_token") === this.identityToken;
    const known = exchanged || request.headers.authorization === basic(this.login ?? "");
    if (!known) return void response.writeHead(401).end();
    this.tokens += 1;
    response.writeHead(200).end(JSON.stringify({ token: `token-${this.tokens}` }));
  }
}

function basic(login: string): string {
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
