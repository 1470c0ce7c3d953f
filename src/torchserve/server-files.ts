import { createServer } from "node:net";
import { join } from "node:path";

/** Ports of one server, on the loopback. */
export interface Ports {
  readonly inference: number;
  readonly management: number;
  readonly metrics: number;
  readonly grpcInference: number;
  readonly grpcManagement: number;
}

/** config.properties of a server that only this process talks to. */
export function properties(folder: string, ports: Ports, timeoutMs: number): string {
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  const rows = {
    inference_address: `http://127.0.0.1:${ports.inference}`,
    management_address: `http://127.0.0.1:${ports.management}`,
    metrics_address: `http://127.0.0.1:${ports.metrics}`,
    grpc_inference_address: "127.0.0.1",
    grpc_inference_port: String(ports.grpcInference),
    grpc_management_address: "127.0.0.1",
    grpc_management_port: String(ports.grpcManagement),
    model_store: join(folder, "store"),
    enable_model_api: "true",
    // Other users of this machine reach the loopback, too: only who reads our folder has the tokens.
    disable_token_authorization: "false",
    token_expiration_min: String(365 * 24 * 60),
    allowed_urls: "file://none",
    disable_system_metrics: "true",
    enable_metrics_api: "false",
    default_startup_timeout: seconds,
    default_response_timeout: seconds,
  };
  return Object.entries(rows)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Ports that nobody listens on just now, all different. */
export async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(Array.from({ length: 5 }, listening));
  const [inference = 0, management = 0, metrics = 0, grpcInference = 0, grpcManagement = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return { inference, management, metrics, grpcInference, grpcManagement };
}

async function listening(): Promise<ReturnType<typeof createServer>> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  return server;
}
