import type { Check } from "../check.ts";
import { notApplicable, skipped } from "../check.ts";
import { reachableModules } from "../python/reachable-modules.ts";

export const handlerSyntax: Check = {
  id: "handler/syntax",
  title: "Python files that the worker imports parse",
  severity: "error",
  why: "Python refuses a file with a syntax error, and the worker that imports it dies.",
  remedy: "Correct the file; python3 -m py_compile FILE shows the same place.",
  async *run(subject) {
    const modules = await reachableModules(subject);
    if (modules.length === 0) return notApplicable;
    for (const { path, errors } of modules) {
      const [first] = errors;
      if (!first) continue;
      const message = `SyntaxError: ${first.message}; the worker dies when it imports the file.`;
      yield { message, at: `${path}:${first.line}:${first.column}` };
    }
    const unread = modules.find(({ module, errors }) => module === null && errors.length === 0);
    if (unread) return skipped(`${unread.path} is too large or nested too deeply to be read`);
  },
};
