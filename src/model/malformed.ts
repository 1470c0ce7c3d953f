/**
 * A model file that breaks its own format. Readers throw it as soon as they are sure; the checks turn it into a finding
 * and nothing else may let it through.
 */
export class MalformedModel extends Error {
  /** Byte offset in the model file, where one place is to blame. */
  readonly offset: number | null;

  constructor(message: string, offset: number | null = null) {
    super(offset === null ? message : `${message} (at byte ${offset})`);
    this.name = "MalformedModel";
    this.offset = offset;
  }
}
