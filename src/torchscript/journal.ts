import type { Mutable } from "./value.ts";

/** One recorded change: its target with the content before and after. */
export interface Change {
  readonly target: Mutable<unknown>;
  readonly before: unknown;
  readonly after: unknown;
}

/** All changes to mutable values go through here, so that a walk can be undone and its changes looked at. */
export class Journal {
  readonly #frames: Map<Mutable<unknown>, unknown>[] = [];

  set<Content>(target: Mutable<Content>, content: Content): void {
    for (const frame of this.#frames) {
      if (!frame.has(target)) frame.set(target, target.content);
    }
    target.content = content;
  }

  /** Runs `walk`, undoes every change it made, and returns its result with the changes. Undoes also when it throws. */
  trial<Result>(walk: () => Result): { result: Result; changes: Change[] } {
    const frame = new Map<Mutable<unknown>, unknown>();
    this.#frames.push(frame);
    try {
      const result = walk();
      const changes = [...frame].map(([target, before]) => ({ target, before, after: target.content }));
      return { result, changes };
    } finally {
      this.#frames.pop();
      for (const [target, before] of frame) target.content = before;
    }
  }
}
