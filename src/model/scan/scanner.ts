import { AnomalyError } from "../../archive/archive.ts";
import type { ByteSource } from "../../archive/byte-source.ts";
import { type Budget, newBudget } from "../pickle/scan-stream.ts";
import { scanCompressed } from "./scan-compressed.ts";
import { scanGuess, scanNpy, scanPickle } from "./scan-pickle.ts";
import { scanTar, scanZip } from "./scan-zip.ts";
import { kindOf, magicSize } from "./magic.ts";
import { Spool } from "./spool.ts";

/** Which check reports a finding; all are of the family `pickle/`. */
export type ScanRule =
  | "dangerous"
  | "unknown-class"
  | "framework-class"
  | "malformed"
  | "unscannable"
  | "unscanned"
  | "torch-archive"
  | "wrong-suffix";

export interface ScanFinding {
  readonly rule: ScanRule;
  readonly message: string;
  /** The entry, with the path inside of it for containers in it. */
  readonly at: string;
}

/** One file to look at. */
export interface ScanTarget {
  readonly source: ByteSource;
  readonly path: string;
  /** Something will load it as a model: what cannot be looked into is refused. */
  readonly critical: boolean;
  /** Containers around it. */
  readonly depth: number;
}

export interface ScanSettings {
  readonly allowed: ReadonlySet<string>;
  readonly tmpDir?: string;
}

const depthLimit = 3;

/** A ZIP with something before it: readers that start at the end find it, so it is looked into. */
async function endsZip(source: ByteSource): Promise<boolean> {
  if (source.size < 22) return false;
  const end = Buffer.from(await source.read(source.size - 22, 22));
  return end.readUInt32LE(0) === 0x06054b50;
}

/** Looks for pickles in files, by content, in whatever they are wrapped; collects what they would do. */
export class Scanner {
  readonly settings: ScanSettings;
  readonly findings: ScanFinding[] = [];
  /** Files with pickles, and why `torch.load(weights_only=True)` would refuse each: empty when it would not. */
  readonly pickles = new Map<string, readonly string[]>();
  readonly budget: Budget = newBudget();
  readonly spool: Spool;

  constructor(settings: ScanSettings) {
    this.settings = settings;
    this.spool = new Spool(settings.tmpDir);
  }

  report(rule: ScanRule, message: string, at: string): void {
    this.findings.push({ rule, message, at });
  }

  /** What cannot be looked into is refused where it would be loaded, and said elsewhere. */
  unscannable(message: string, target: ScanTarget): void {
    this.report(target.critical ? "unscannable" : "unscanned", message, target.path);
  }

  /** Scans one file. Never throws for what it holds. Tells whether the content is something that it knows. */
  async scan(target: ScanTarget): Promise<boolean> {
    if (target.depth > depthLimit) {
      this.unscannable(`containers are nested deeper than ${depthLimit}`, target);
      return true;
    }
    try {
      return await this.dispatch(target);
    } catch (error) {
      if (!(error instanceof AnomalyError)) throw error;
      this.unscannable(error.anomaly.message.replace(/\.$/, ""), target);
      return true;
    }
  }

  private async dispatch(target: ScanTarget): Promise<boolean> {
    const head = await target.source.read(0, Math.min(magicSize, target.source.size));
    const kind = kindOf(head);
    switch (kind) {
      case "zip":
        return scanZip(this, target);
      // The start of these can be a pickle of protocol 0 as well: a name in a tar header, eight bytes of a float.
      case "tar":
        await scanGuess(this, target);
        return scanTar(this, target);
      case "pickle":
        return scanPickle(this, target);
      case "npy":
        return scanNpy(this, target);
      case "other":
        return scanGuess(this, target);
      case "unknown": {
        const pickle = await scanGuess(this, target);
        return (await endsZip(target.source)) ? scanZip(this, target) : pickle;
      }
      case "sealed":
        this.unscannable("is packed in a format that cannot be looked into", target);
        return true;
      default:
        return scanCompressed(this, kind, target);
    }
  }

  /** Counts what is unpacked against the budget: whatever the archive holds, the work ends. */
  async *metered(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const block of stream) {
      this.budget.unpacked -= block.length;
      if (this.budget.unpacked < 0) {
        throw new AnomalyError({ rule: "archive/bomb", message: "unpacks to more than 4 GiB", at: null });
      }
      yield block;
    }
  }

  async close(): Promise<void> {
    await this.spool.close();
  }
}
