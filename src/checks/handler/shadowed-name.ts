import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { handlerPlace } from "../python/handler-place.ts";

/** What `ts.model_service_worker` (0.12.0) has imported before it loads a handler; asked of its `sys.modules`. */
const loaded = new Set(
  `abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath codecs collections concurrent
  contextlib contextvars copy copyreg csv ctypes dataclasses difflib dis email encodings enum errno fnmatch functools
  gc genericpath gettext glob gzip hashlib heapq hmac http importlib inspect io ipaddress itertools json keyword
  linecache locale logging lzma math multiprocessing ntpath numbers numpy opcode operator os pathlib pickle platform
  posix posixpath psutil queue quopri random re secrets select selectors shutil signal site socket ssl stat string
  struct subprocess sys tarfile tempfile textwrap threading time token tokenize torch traceback ts types typing
  unicodedata urllib uuid warnings weakref yaml zipfile zlib`.split(/\s+/),
);

export const shadowedName: Check = {
  id: "handler/shadowed-name",
  title: "Handler is not named as a module that the worker has loaded",
  severity: "error",
  why: "Python gives a worker that has imported `json` its own json again, not the handler's file.",
  remedy: "Rename the handler's file, to handler.py for one.",
  async *run(subject) {
    const place = await handlerPlace(subject);
    if (place?.kind !== "file") return notApplicable;
    const name = place.path.replace(/^.*\/(?!__init__)/, "").replace(/\.py$|\/__init__\.py$/, "");
    if (!loaded.has(name)) return;
    yield {
      message: `The worker has a module ${name} already and takes that for the handler, so it dies.`,
      at: manifestPath,
    };
  },
};
