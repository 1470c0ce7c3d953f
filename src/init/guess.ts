/** One line of the spec, and why. */
export interface Guess {
  /** `model.name`, `extra-files`: repeated for each item of a list. */
  readonly key: GuessedKey;
  readonly value: string;
  readonly reason: string;
}

export type GuessedKey =
  | "model.name"
  | "model.version"
  | "model.serialized-file"
  | "model.model-file"
  | "model.convert"
  | "handler"
  | "extra-files"
  | "requirements-file"
  | "config-file";

/** What was guessed, and what a person should look at. */
export interface Guesses {
  readonly guesses: readonly Guess[];
  readonly notes: readonly string[];
}
