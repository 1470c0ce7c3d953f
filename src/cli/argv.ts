import { ArchiverError } from "../errors.ts";
import { type Flag, archiveFlags, classicFlags, ownFlags } from "./archive-flags.ts";

/**
 * The command line as commander should see it. `archive` takes what Python's argparse takes: unambiguous prefixes,
 * `--flag=value`, `-v1.0`, `-fv1.0`, the last of repeated flags, and no word `archive` when the first argument is one
 * of its flags; `--version VALUE` is the model's version there. All other command lines pass unchanged.
 * With `spec`, a file says what `archive` needs and the
 * command line leaves out. Throws ArchiverError `usage` with every mistake at once.
 */
export function normalizeArgv(argv: readonly string[], spec = false): readonly string[] {
  if (!isArchiveLine(argv)) return argv;
  return ["archive", ...normalizeArchive(argv[0] === "archive" ? argv.slice(1) : argv, spec)];
}

/** Whether these arguments are those of `archive`, with or without that word. */
export function isArchiveLine(argv: readonly string[]): boolean {
  const [first] = argv;
  if (first === undefined || (argv.length === 1 && first === "--version")) return false;
  return first === "archive" || beginsFlag(first);
}

function beginsFlag(token: string): boolean {
  if (token.startsWith("--")) {
    const flags = token.length > 2 ? candidates(token.split("=", 1)[0] ?? "") : [];
    return flags.some((flag) => flag !== helpFlag);
  }
  return shortFlag(token) !== undefined;
}

function normalizeArchive(tokens: readonly string[], spec: boolean): readonly string[] {
  if (tokens.includes("--help") || tokens.includes("-h")) return ["--help"];
  const line = new Line(tokens);
  while (!line.done) line.step();
  return line.finish(spec);
}

class Line {
  readonly #tokens: readonly string[];
  #at = 0;
  readonly #values = new Map<Flag, string[]>();
  readonly #mistakes: string[] = [];
  readonly #unknown: string[] = [];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  step(): void {
    const token = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    if (token === "--") {
      this.#unknown.push(...this.#tokens.slice(this.#at));
      this.#at = this.#tokens.length;
    } else if (token.startsWith("--")) this.#long(token);
    else if (shortFlag(token) === undefined) this.#unknown.push(token);
    else this.#short(token);
  }

  #long(token: string): void {
    const equals = token.indexOf("=");
    const name = equals < 0 ? token : token.slice(0, equals);
    const [flag, other] = candidates(name);
    if (flag === undefined) this.#unknown.push(token);
    else if (other !== undefined) {
      const names = candidates(name).map((each) => each.name);
      this.#mistakes.push(`ambiguous option: ${name} could match ${names.join(", ")}`);
    } else this.#take(flag, equals < 0 ? undefined : token.slice(equals + 1));
  }

  /** `-f`, `-v 1.0`, `-v1.0`, `-v=1.0`, `-fv1.0`. */
  #short(token: string): void {
    const flag = shortFlag(token);
    const rest = token.slice(2);
    if (flag === undefined) this.#unknown.push(token);
    else if (flag.value !== undefined) this.#take(flag, rest === "" ? undefined : rest.replace(/^=/, ""));
    else {
      this.#take(flag, undefined);
      if (rest !== "") this.#short(`-${rest}`);
    }
  }

  #take(flag: Flag, explicit: string | undefined): void {
    if (flag.value === undefined) {
      if (explicit === undefined) this.#values.set(flag, [""]);
      else this.#mistakes.push(`argument ${label(flag)}: takes no value, got '${explicit}'`);
      return;
    }
    const next = this.#tokens[this.#at];
    let value = explicit;
    if (value === undefined && next !== undefined && isValue(next)) {
      value = next;
      this.#at += 1;
    }
    if (value === undefined) {
      this.#mistakes.push(`argument ${label(flag)}: expected one argument`);
      // It was given: do not call it missing as well.
      this.#values.set(flag, this.#values.get(flag) ?? []);
      return;
    }
    if (flag.choices && !flag.choices.includes(value)) {
      const choices = flag.choices.map((each) => `'${each}'`).join(", ");
      this.#mistakes.push(`argument ${label(flag)}: invalid choice: '${value}' (choose from ${choices})`);
    }
    this.#values.set(flag, flag.repeatable ? [...(this.#values.get(flag) ?? []), value] : [value]);
  }

  finish(spec: boolean): string[] {
    const given = (name: string): boolean => [...this.#values.keys()].some((flag) => flag.name === name);
    // An archive that is packed again has all of them; a converted model has a handler of ours.
    const told = given("--from") || given("--spec") || (spec && !given("--no-spec"));
    const known = (flag: Flag) => told || (flag.name === "--handler" && given("--convert"));
    const missing = archiveFlags.filter((flag) => flag.required && !known(flag) && !this.#values.has(flag));
    const mistakes = [...this.#mistakes];
    if (missing.length > 0) mistakes.push(`the following arguments are required: ${missing.map(label).join(", ")}`);
    if (this.#unknown.length > 0) mistakes.push(`unrecognized arguments: ${this.#unknown.join(" ")}`);
    if (mistakes.length > 0) {
      throw new ArchiverError("usage", mistakes.join("\n"), { remedy: "See model-archiver archive --help." });
    }
    return [...this.#values].flatMap(([flag, values]) =>
      flag.value === undefined ? [flag.name] : values.map((value) => `${flag.name}=${value}`),
    );
  }
}

/** The flag of that name, else those of torch-model-archiver that it begins, else those of ours. */
function candidates(name: string): readonly Flag[] {
  const exact = archiveFlags.find((flag) => flag.name === name);
  if (exact) return [exact];
  const classic = [...classicFlags, helpFlag].filter((flag) => flag.name.startsWith(name));
  return classic.length > 0 ? classic : ownFlags.filter((flag) => flag.name.startsWith(name));
}

/** Known to argparse: `--h` may be --help or --handler. */
const helpFlag: Flag = { name: "--help", help: "" };

function shortFlag(token: string): Flag | undefined {
  if (!/^-[^-]/.test(token)) return undefined;
  return archiveFlags.find((flag) => flag.short === token.slice(0, 2));
}

/** argparse's rule: what looks like an option is none of a flag's value; `-`, `-1` and `-a b` do not. */
function isValue(token: string): boolean {
  if (!token.startsWith("-") || token === "-") return true;
  if (token === "--" || beginsFlag(token) || token === "-h") return false;
  return /^-\d+$|^-\d*\.\d+$/.test(token) || token.includes(" ");
}

function label(flag: Flag): string {
  return flag.short === undefined ? flag.name : `${flag.short}/${flag.name}`;
}
