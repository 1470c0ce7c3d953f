import { ArchiverError } from "../errors.ts";
import type { Credentials } from "./credentials.ts";
import { type Answer, send, shown, smallBody } from "./transport.ts";

/** A registry's 401: what it wants to see. https://distribution.github.io/distribution/spec/auth/token/ */
interface Challenge {
  readonly scheme: "basic" | "bearer";
  readonly parameters: Readonly<Record<string, string>>;
}

/** Gives requests to one registry the header they need, once the registry has said which. */
export class Authorization {
  readonly #registry: URL;
  readonly #credentials: () => Promise<Credentials | null>;
  readonly #scope: string;
  #header: string | null = null;
  #asking: Promise<boolean> | undefined;
  #known: Promise<Credentials | null> | undefined;

  constructor(registry: URL, scope: string, credentials: () => Promise<Credentials | null>) {
    this.#registry = registry;
    this.#scope = scope;
    this.#credentials = credentials;
  }

  /** Headers for a request to `url`: none for another host than the registry. */
  headers(url: URL): Record<string, string> {
    return this.#header === null || url.origin !== this.#registry.origin ? {} : { authorization: this.#header };
  }

  /** Takes the 401 of a request with this header in; false when there is nothing more to try. */
  async answer(refusal: Answer, sent: string | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    // Requests side by side share one token.
    if (this.#header !== null && this.#header !== sent) return true;
    this.#asking ??= this.#ask(refusal, signal).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(refusal: Answer, signal: AbortSignal | undefined): Promise<boolean> {
    const challenge = parseChallenge(refusal.headers["www-authenticate"]);
    if (challenge === null || refusal.url.origin !== this.#registry.origin) return false;
    const before = this.#header;
    const credentials = await (this.#known ??= this.#credentials());
    if (challenge.scheme === "basic") {
      if (credentials === null || "token" in credentials) return false;
      this.#header = basic(credentials);
    } else {
      this.#header = await this.#token(challenge, credentials, signal);
    }
    return this.#header !== before;
  }

  async #token(
    { parameters }: Challenge,
    credentials: Credentials | null,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { realm = "", service } = parameters;
    if (!URL.canParse(realm)) throw new ArchiverError("network", `${shown(this.#registry)} names no place for tokens.`);
    const url = new URL(realm);
    if (url.protocol !== "https:" && url.protocol !== this.#registry.protocol) {
      throw new ArchiverError("network", `${shown(url)}: tokens over plain HTTP are refused.`);
    }
    const scope = parameters["scope"] ?? this.#scope;
    const answer =
      credentials !== null && "token" in credentials
        ? await exchange(url, { service: service ?? "", scope, refresh: credentials.token }, signal)
        : await send({ method: "GET", url: asked(url, service, scope), headers: authorized(credentials), signal });
    if (answer.status !== 200) {
      answer.message.destroy();
      throw new ArchiverError("denied", `${shown(url)} gives no token: ${answer.status}.`);
    }
    const document: { token?: unknown; access_token?: unknown } = JSON.parse(
      (await smallBody(answer, 1 << 20)).toString("utf8"),
    );
    const token = document.token ?? document.access_token;
    if (typeof token !== "string") throw new ArchiverError("denied", `${shown(url)} gives no token.`);
    return `Bearer ${token}`;
  }
}

function asked(realm: URL, service: string | undefined, scope: string): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  // A challenge names several with blanks between them; asked for, each is a parameter of its own.
  for (const one of scope.split(" ")) url.searchParams.append("scope", one);
  return url;
}

function authorized(credentials: Credentials | null): Record<string, string> {
  return credentials === null || "token" in credentials ? {} : { authorization: basic(credentials) };
}

function basic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** An identity token for an access token. https://distribution.github.io/distribution/spec/auth/oauth/ */
function exchange(
  url: URL,
  { service, scope, refresh }: { readonly service: string; readonly scope: string; readonly refresh: string },
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "model-archiver",
    service,
    scope,
    refresh_token: refresh,
  });
  const bytes = Buffer.from(form.toString());
  async function* open(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return send({ method: "POST", url, headers, body: { size: bytes.length, open }, signal });
}

function parseChallenge(header: string | undefined): Challenge | null {
  const match = /^\s*(basic|bearer)\s+(.*)$/isu.exec(header ?? "");
  if (match === null) return null;
  const parameters: Record<string, string> = {};
  for (const [, name = "", quoted, plain] of (match[2] ?? "").matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s,]+))/gu)) {
    parameters[name.toLowerCase()] = quoted ?? plain ?? "";
  }
  return { scheme: match[1]?.toLowerCase() === "basic" ? "basic" : "bearer", parameters };
}
