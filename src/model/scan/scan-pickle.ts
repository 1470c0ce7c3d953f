import { type ByteSource, memorySource, slice } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { npyDataSize, readNpyHeader } from "../numpy.ts";
import type { JudgeContext } from "../pickle/judge.ts";
import { decodeUtf8 } from "../pickle/literals.ts";
import { scanStream, type StreamScan } from "../pickle/scan-stream.ts";
import { globalName, type TextValue, type Value } from "../pickle/value.ts";
import type { Scanner, ScanTarget } from "./scanner.ts";

/** The first of the five pickles that `torch.save` wrote before 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const trailingLimit = 16;

export function plainContext(scanner: Scanner): JudgeContext {
  return { persistent: "none", torchscript: false, allowed: scanner.settings.allowed };
}

/** A file that begins as a pickle: one stream, joblib's with arrays in it, or torch's five. */
export async function scanPickle(scanner: Scanner, target: ScanTarget): Promise<boolean> {
  const { source } = target;
  const first = await scanStream(source, 0, plainContext(scanner), scanner.budget);
  if (!target.critical && !isEvident(first)) return false;
  await keep(scanner, target, first);
  if (!first.complete) return true;
  if (first.result?.kind === "atom" && first.result.value === legacyMagic) {
    await scanLegacy(scanner, target, first.end);
    return true;
  }
  await scanTrailer(scanner, target, first.end);
  return true;
}

/** Random bytes can begin like a pickle; they do not import or end like one. */
function isEvident(scan: StreamScan): boolean {
  return scan.judge.imports > 0 || (scan.complete && scan.end > trailingLimit);
}

/**
 * A file of no known kind, which may be a pickle of protocol 0 or 1: it counts when it reads to its end and imports
 * something, or when it would have called something dangerous before it broke. A file that is itself loaded as a model
 * counts as soon as it imports anything; source code inside of a torch file begins like an import, too (`class`).
 */
export async function scanGuess(scanner: Scanner, target: ScanTarget): Promise<boolean> {
  let at = 0;
  let found = false;
  while (at < target.source.size) {
    const scan = await scanStream(target.source, at, plainContext(scanner), scanner.budget);
    const broken = scan.judge.dangerousCalls > 0 || (target.critical && target.depth === 0 && scan.judge.imports > 0);
    const counts = scan.complete ? isActive(scan) : broken;
    if (counts) await keep(scanner, target, scan);
    if (scan.complete && scan.end === target.source.size) return found || counts || at === 0;
    found ||= counts;
    if (!scan.complete || scan.end === at) break;
    at = scan.end;
  }
  return found;
}

/** Imports something, or asks its reader for something. */
function isActive({ judge }: StreamScan): boolean {
  return judge.imports > 0 || judge.findings.some(({ rule }) => rule === "dangerous");
}

/** Protocol, machine and keys around the one stream with tensors; torch.load reads every one of them as a pickle. */
async function scanLegacy(scanner: Scanner, target: ScanTarget, start: number): Promise<void> {
  let at = start;
  for (const persistent of ["none", "none", "torch-legacy", "none"] as const) {
    const context = { ...plainContext(scanner), persistent };
    const scan = await scanStream(target.source, at, context, scanner.budget);
    await keep(scanner, target, scan);
    if (!scan.complete) return;
    at = scan.end;
  }
}

/** What follows STOP is read by whoever loads in a loop. */
async function scanTrailer(scanner: Scanner, target: ScanTarget, end: number): Promise<void> {
  const { source, path } = target;
  const left = source.size - end;
  if (left === 0) return;
  if (left <= trailingLimit && /^\s*$/.test(Buffer.from(await source.read(end, left)).toString("latin1"))) return;
  scanner.report("malformed", `${left} bytes follow the end of the pickle`, path);
  const second = await scanStream(source, end, plainContext(scanner), scanner.budget);
  if (second.judge.imports > 0) await keep(scanner, target, second);
}

/** One pickle that must fill the whole file, as torch's records do. */
export async function scanRecord(scanner: Scanner, target: ScanTarget, context: JudgeContext): Promise<void> {
  const scan = await scanStream(target.source, 0, context, scanner.budget);
  await keep(scanner, target, scan);
  // TorchScript's own reader is no Python: weights_only says nothing there.
  if (context.torchscript) scanner.pickles.set(target.path, []);
  if (scan.complete) await scanTrailer(scanner, target, scan.end);
}

/** A `.npy` file; arrays of objects hold a pickle. */
export async function scanNpy(scanner: Scanner, target: ScanTarget): Promise<boolean> {
  const { source, path } = target;
  try {
    const header = await readNpyHeader(source);
    if (header.objects) {
      scanner.report("framework-class", "array of Python objects, which only loads with allow_pickle=True", path);
      const left = slice(source, header.dataOffset, source.size - header.dataOffset);
      await scanRecord(scanner, { ...target, source: left }, plainContext(scanner));
      return true;
    }
    const needed = npyDataSize(header);
    const there = source.size - header.dataOffset;
    if (needed !== null && needed !== BigInt(there)) {
      scanner.report("malformed", `npy header promises ${needed} bytes of data, there are ${there}`, path);
    }
  } catch (error) {
    if (!(error instanceof MalformedModel)) throw error;
    scanner.report("malformed", error.message, path);
  }
  return true;
}

/** Takes over a stream's findings, and reads the files that it carries as torch.load would. */
async function keep(scanner: Scanner, target: ScanTarget, scan: StreamScan): Promise<void> {
  const { path } = target;
  for (const { rule, message } of scan.judge.findings) scanner.report(rule, message, path);
  const opcodes = [...scan.beyondWeightsOnly].map((name) => `opcode ${name}`);
  const refused = [...(scanner.pickles.get(path) ?? []), ...scan.judge.beyondWeightsOnly, ...opcodes];
  scanner.pickles.set(path, refused);
  for (const { value } of scan.judge.nested) {
    const inner = await bytesOf(value, target.source);
    const nested = { path: `${path}!bytes`, critical: true, depth: target.depth + 1 };
    if (inner === null) scanner.unscannable("torch.storage._load_from_bytes gets bytes that cannot be told", target);
    else await scanner.scan({ ...nested, source: inner });
  }
}

const recodeLimit = 1 << 26;

/** Bytes that a stream holds: as such, or as protocols before 3 write them, encoded from text as Latin-1. */
async function bytesOf(value: Value, source: ByteSource): Promise<ByteSource | null> {
  if (value.kind === "bytes") return slice(source, value.at, value.length);
  if (value.kind !== "object" || globalName(value.callee) !== "_codecs.encode") return null;
  const [text] = value.args.kind === "tuple" ? value.args.items : [];
  return text?.kind === "text" ? recoded(text, source) : null;
}

async function recoded(value: TextValue, source: ByteSource): Promise<ByteSource | null> {
  if (value.length > recodeLimit) return null;
  const text = value.text ?? decodeUtf8(await source.read(value.at, value.length));
  return text === null ? null : memorySource(Buffer.from(text, "latin1"));
}
