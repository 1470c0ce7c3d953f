import { type ArgumentRule, exactRule, familyRule, type Rule } from "./framework-globals.ts";
import { stdlibModules } from "./stdlib-modules.ts";
import { weightsOnlyGlobals } from "./weights-only.ts";

/**
 * What importing a name means. `safe`: data containers and tensors. `framework`: known code of known libraries, it
 * needs trust in the version installed. `class`: a class of a package that we do not know. `dangerous`: the rest.
 */
export type Level = "safe" | "framework" | "class" | "dangerous";

export interface Verdict {
  readonly level: Level;
  /** What the stream may do with it: call it, make an instance without its constructor, or only hold it. */
  readonly use: "call" | "new" | "hold";
  /** The name of the check that its arguments must pass. */
  readonly check: ArgumentRule | null;
  /** For people, when dangerous. */
  readonly why: string;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const className = /^_?[A-Z][A-Za-z0-9_]*$/;
const mains: ReadonlySet<string> = new Set(["__main__", "__mp_main__"]);

/**
 * Packages whose names are refused unless listed: besides the standard library, those that run commands, load code or
 * reach the network on the way to something useful.
 */
const knownRoots: ReadonlySet<string> = new Set(
  `torch torchvision torchaudio torchtext functorch numpy scipy sklearn pandas joblib pip setuptools pkg_resources wheel
  _distutils_hack cloudpickle dill IPython ipykernel jupyter_client jupyter_core notebook pexpect ptyprocess paramiko
  fabric invoke sh plumbum psutil subprocess32 celery twisted gevent eventlet ansible requests urllib3 httpx aiohttp
  httplib2 boto3 botocore s3fs fsspec docker kubernetes django flask werkzeug jinja2 mako yaml numexpr numba llvmlite
  cffi Cython cython pyximport pytest _pytest nose zmq tornado ts virtualenv conda xonsh execnet rpyc Pyro4 Pyro5
  jsonpickle asyncssh envoy delegator pyrepl pdbpp ipdb code2 bentoml mlflow`.split(/\s+/),
);

/** Even `--allow-global` does not open these. */
const neverAllowed: ReadonlySet<string> = new Set(["os", "posix", "nt", "sys", "subprocess"]);

/** Python 2's names for what Python 3 calls otherwise; its unpickler maps them, too. */
const renamed: Readonly<Record<string, string>> = { __builtin__: "builtins", copy_reg: "copyreg" };

/** What importing `module.name` means. `allowed`: the user's `--allow-global`. */
export function verdictOn(module: string, name: string, allowed: ReadonlySet<string>): Verdict {
  const segments = module.split(".");
  const parts = name.split(".");
  if (![...segments, ...parts].every((part) => identifier.test(part))) return dangerous("is no name of Python");
  const [root = ""] = segments;
  const home = renamed[module] ?? module;
  if (allowed.has(`${module}.${name}`) && !neverAllowed.has(root)) return known({ level: "framework", use: "call" });
  const rule = parts.length === 1 ? ruleOf(home, name) : null;
  if (rule !== null) return known(rule);
  if (parts.length > 1 && !parts.every((part) => className.test(part))) {
    return dangerous("reaches for an attribute of something else");
  }
  if (parts.some(isDunder) || segments.some((part) => isDunder(part) && !mains.has(part))) {
    return dangerous("reaches into Python's own machinery");
  }
  if (mains.has(root) && segments.length === 1) return mainVerdict(name);
  if (stdlibModules.has(root)) return dangerous("is of the standard library and no harmless data type");
  if (knownRoots.has(root)) return dangerous(`is no data type of ${root} that models need`);
  if (parts.every((part) => className.test(part))) return { level: "class", use: "new", check: null, why: "" };
  return dangerous("is a function of a package that is not known");
}

function ruleOf(module: string, name: string): Rule | null {
  const listed: Rule = { level: "safe", use: "call" };
  const harmless = weightsOnlyGlobals.has(`${module}.${name}`) ? listed : null;
  return exactRule(module, name) ?? harmless ?? familyRule(module, name);
}

/** What a script defined itself: nothing there but what the loading program brings. */
function mainVerdict(name: string): Verdict {
  return className.test(name)
    ? { level: "class", use: "call", check: null, why: "" }
    : { level: "class", use: "hold", check: null, why: "" };
}

function isDunder(part: string): boolean {
  return part.startsWith("__");
}

function dangerous(why: string): Verdict {
  return { level: "dangerous", use: "hold", check: null, why };
}

function known(rule: Rule): Verdict {
  return { level: rule.level, use: rule.use, check: rule.check ?? null, why: "" };
}
