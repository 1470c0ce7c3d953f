import { unsupported } from "./lowering-error.ts";
import { ListValue, type Mutable, nextBirth } from "./value.ts";

/** One recorded change: its target with the content before and after. */
export interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

export type Changes = ReadonlyMap<Mutable<unknown>, Change>;

interface Trial {
  readonly since: number;
  readonly before: Map<Mutable<unknown>, unknown>;
}

/** All changes to mutable values go through here, so that a walk can be undone and its changes looked at. */
export class Journal {
  readonly #trials: Trial[] = [];

  set<Content>(target: Mutable<Content>, content: Content): void {
    if (target instanceof ListValue && target.frozen) {
      throw unsupported("a change of a list in a list whose length depends on the values of a tensor");
    }
    for (const { since, before } of this.#trials) {
      if (target.born < since && !before.has(target)) before.set(target, target.content);
    }
    target.content = content;
  }

  /**
   * Runs `walk`, hands what changed to `settle` while it still is so, and undoes it all; also when one of them throws.
   * What the walk itself made is left as it is.
   */
  trial<Result, Settled>(walk: () => Result, settle: (result: Result, changes: Changes) => Settled): Settled {
    const trial: Trial = { since: nextBirth(), before: new Map() };
    this.#trials.push(trial);
    try {
      const result = walk();
      const changes = new Map<Mutable<unknown>, Change>();
      for (const [target, before] of trial.before) changes.set(target, { before, after: target.content });
      return settle(result, changes);
    } finally {
      this.#trials.pop();
      for (const [target, before] of trial.before) target.content = before;
    }
  }
}
