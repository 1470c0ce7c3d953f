import { Agent, request } from "node:http";
import type { RequestBody } from "../runtime/request-body.ts";

/** A client of one server: connections stay open between requests, as those of a load balancer do. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Throws as `http.request` does; TimeoutError when the server keeps silent for so long. */
  ask({ port, token }: Door, method: string, path: string, timeout: number, body?: RequestBody): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body ? { "content-type": body.type, "content-length": body.bytes.length } : {}),
      };
      const signal = this.#signal ? { signal: this.#signal } : {};
      const options = { agent: this.#agent, host: "127.0.0.1", port, method, path, headers, timeout, ...signal };
      const sent = request(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") });
        });
      });
      sent.on("timeout", () => sent.destroy(new TimeoutError(timeout)));
      sent.on("error", reject);
      sent.end(body?.bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Where one of the server's interfaces is, and what opens it. */
export interface Door {
  readonly port: number;
  readonly token: string | null;
}

export class TimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds / 1000} s`);
    this.name = "TimeoutError";
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}
