import { Chalk, type ChalkInstance } from "chalk";
import type { Io, TextSink } from "./io.ts";

/** NO_COLOR over FORCE_COLOR over the stream being a terminal. */
export function chalkFor(io: Io, stream: TextSink): ChalkInstance {
  return new Chalk({ level: wantsColour(io, stream) ? 1 : 0 });
}

function wantsColour(io: Io, stream: TextSink): boolean {
  if (io.env["NO_COLOR"]) return false;
  const force = io.env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return stream.isTTY === true && io.env["TERM"] !== "dumb";
}
