// How much of a large archive inspecting it over HTTP transfers.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";

/** Serves one file by ranges while `work` runs with its URL; gives the requests and bytes that it took. */
export async function countRequests(file, work) {
  const { size } = statSync(file);
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/u.exec(request.headers.range ?? "") ?? [];
    const start = from === "" ? Math.max(0, size - Number(to || size)) : Number(from);
    const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
    const partial = from !== "" || to !== "";
    response.writeHead(partial ? 206 : 200, {
      "accept-ranges": "bytes",
      "content-length": end - start + 1,
      etag: '"bench"',
      ...(partial ? { "content-range": `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === "HEAD") return response.end();
    const stream = createReadStream(file, { start, end });
    stream.on("data", (part) => (bytes += part.length));
    return stream.pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  try {
    await work(`http://127.0.0.1:${port}/weights.mar`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return { requests, bytes };
}
