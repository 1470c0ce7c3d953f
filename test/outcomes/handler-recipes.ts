import type { Recipe } from "./recipes.ts";

const answer = "    def handle(self, data, context):\n        return ['ok'] * len(data)\n";
const plain = `class Handler:\n    def initialize(self, context):\n        pass\n${answer}`;
const fn = (name: string) => `def ${name}(data, context):\n    return None if data is None else ['ok'] * len(data)\n`;

function handler(name: string, source: string, more: Partial<Recipe> = {}): Recipe {
  return {
    name,
    ...more,
    files: { "handler.py": source, ...more.files },
    model: { handler: "handler.py", ...more.model },
  };
}

/** Handlers as TorchServe's loader finds and calls them, and as it does not. */
export const handlerRecipes: readonly Recipe[] = [
  handler("function named handle", fn("handle")),
  handler("plain class", plain),
  handler("handler without suffix", plain, { model: { handler: "handler" } }),
  handler("named function", `${fn("serve")}${plain}class Second:\n    pass\n`, {
    model: { handler: "handler.py:serve" },
  }),
  handler("named function without suffix", fn("serve"), { model: { handler: "handler:serve" } }),
  handler("handle wins over classes", `${plain}class Second:\n    pass\n${fn("handle")}`),
  handler("handle is imported", "from helper import handle\n", { files: { "helper.py": fn("handle") } }),
  handler("handle by star import", "from helper import *\n", { files: { "helper.py": fn("handle") } }),
  handler("handle is a lambda", "handle = lambda data, context: ['ok'] * len(data or [])\n"),
  handler("missing function falls back to the class", plain, { model: { handler: "handler.py:absent" } }),
  handler("helper module", `from helper import word\n${plain}`, { files: { "helper.py": "word = 'ok'\n" } }),
  handler("helper package", `from pkg.deep import word\n${plain}`, {
    files: { "pkg/__init__.py": "", "pkg/deep.py": "from .other import word\n", "pkg/other.py": "word = 'ok'\n" },
  }),
  handler("base class in helper", `from helper import Base\nclass Handler(Base):\n${answer}`, {
    files: { "helper.py": "class Base:\n    def initialize(self, context):\n        pass\n" },
  }),
  handler("latin-1 source", `# -*- coding: latin-1 -*-\nname = 'caf\u00e9'\n${plain}`),
  handler("optional import", `try:\n    import no_such_module\nexcept ImportError:\n    pass\n${plain}`),
  handler("class under main guard", `${plain}if __name__ == "__main__":\n    class Second:\n        pass\n`),
  handler(
    "walrus and match",
    `${plain}def other(x):\n    if (y := x):\n        match y:\n            case 1:\n                return y\n`,
  ),
  handler("package as handler", "", { files: { "serving/__init__.py": plain }, model: { handler: "serving" } }),
  handler("handler in folder with function", "", {
    files: { "sub/h.py": fn("serve") },
    model: { handler: "sub/h.py:serve" },
  }),
  handler("handler in folder", "", { files: { "sub/h.py": plain }, model: { handler: "sub/h.py" } }),
  handler(
    "staticmethod handle",
    "class Handler:\n    def initialize(self, context):\n        pass\n    @staticmethod\n    def handle(data, context):\n        return ['ok'] * len(data)\n",
  ),
  handler("instance beside class", `${plain}_service = Handler()\n`),
  handler("dataclass decorator", `from dataclasses import dataclass\n@dataclass\n${plain}`),
  { name: "handler file missing", files: {}, model: { handler: "absent.py" } },
  { name: "own name with suffix", files: {}, model: { handler: "image_classifier.py" } },
  handler("no handler in manifest", plain, { model: { handler: null } }),
  handler("handler is no Python", plain, { files: { "handler.exe": "MZ" }, model: { handler: "handler.exe" } }),
  handler("syntax error", "def handle(data, context)\n    return data\n"),
  handler("unterminated string", `${plain}x = 'abc\n`),
  handler("bad dedent", "def handle(data, context):\n        x = 1\n    return ['ok']\n"),
  handler("return outside function", `${plain}return 1\n`),
  handler("wrong encoding", `name = 'caf\u00e9'\n${plain}`),
  handler("two classes", `${plain}class Second:\n    pass\n`),
  handler("no class", "x = 1\n"),
  handler("empty file", ""),
  handler("class only imported", "from helper import Handler\n", { files: { "helper.py": plain } }),
  handler("class under two names", `${plain}Service = Handler\n`),
  handler("namedtuple beside class", `from collections import namedtuple\nRow = namedtuple("Row", "a b")\n${plain}`),
  handler("relative import", `from .helper import word\n${plain}`, { files: { "helper.py": "word = 1\n" } }),
  handler("syntax error in helper", `import helper\n${plain}`, { files: { "helper.py": "def f(:\n" } }),
  handler("class without initialize", `class Handler:\n${answer}`),
  handler("class without handle", "class Handler:\n    def initialize(self, context):\n        pass\n"),
  handler("constructor needs arguments", `${plain}    def __init__(self, size):\n        pass\n`),
  handler("function of one argument", "def handle(data):\n    return data\n"),
  handler(
    "handle of one argument",
    "class Handler:\n    def initialize(self, context):\n        pass\n    def handle(self, data):\n        return data\n",
  ),
  handler("entry point is a class", `${plain}`, { model: { handler: "handler.py:Handler" } }),
  handler("named as a loaded module", "", { files: { "json.py": fn("handle") }, model: { handler: "json.py" } }),
  handler("named as an unloaded module", "", { files: { "chess.py": fn("handle") }, model: { handler: "chess.py" } }),
  handler("missing import", `import no_such_module\n${plain}`, { depends: "handler/imports" }),
];
