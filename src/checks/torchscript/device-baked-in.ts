import { JsonObject } from "../../torchscript/exported/json.ts";
import { nodesOf } from "../../torchscript/exported/nodes.ts";
import { type Check, type Finding, notApplicable } from "../check.ts";
import { callsOf } from "./code-walk.ts";
import { malformed } from "./malformed.ts";
import { torchProgram } from "./torch-program.ts";

export const deviceBakedIn: Check = {
  id: "torchscript/device-baked-in",
  title: "Program names no accelerator",
  severity: "warning",
  why: "A constant such as cuda:0 makes the program fail on machines without it, and puts all workers on one GPU.",
  remedy: "Trace or export on the CPU, and create tensors on the input's device (device=x.device).",
  after: [malformed],
  async *run(subject) {
    const program = await torchProgram(subject);
    if (program === null || program.kind === "broken") return notApplicable;
    const devices = program.kind === "script" ? scripted(program.file.program) : exported(program.graph);
    const counts = new Map<string, { count: number; at: string | null }>();
    for (const { device, at } of devices) {
      const seen = counts.get(device);
      counts.set(device, { count: (seen?.count ?? 0) + 1, at: seen?.at ?? at });
    }
    for (const [device, { count, at }] of counts) {
      const times = count === 1 ? "once" : `${count} times`;
      yield { message: `the device ${device} is a constant of the program, ${times}`, at: placed(program.entry, at) };
    }
  },
};

interface Use {
  readonly device: string;
  readonly at: string | null;
}

/** Devices that every machine has, or that hold no data. */
const everywhere: ReadonlySet<string> = new Set(["cpu", "meta"]);

function placed(entry: string, at: string | null): Finding["at"] {
  return at === null ? entry : `${entry}/${at}`;
}

function* scripted(program: Parameters<typeof callsOf>[0]): Generator<Use> {
  for (const { callee, positional, at } of callsOf(program)) {
    const [first] = positional;
    if (callee !== "torch.device" || first?.kind !== "literal" || typeof first.value !== "string") continue;
    if (!everywhere.has(first.value.split(":")[0] ?? "")) yield { device: first.value, at };
  }
}

function* exported(graph: JsonObject): Generator<Use> {
  for (const node of nodesOf(graph)) {
    for (const input of node.list("inputs")) {
      const arg = JsonObject.of(input, "an argument").value("arg");
      const device = JsonObject.maybe(arg, "an argument")?.optionalObject("as_device") ?? null;
      if (device === null || everywhere.has(device.string("type"))) continue;
      const index = device.has("index") ? `:${device.integer("index")}` : "";
      yield { device: `${device.string("type")}${index}`, at: null };
    }
  }
}
