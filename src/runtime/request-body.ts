/** What a client posts to a model. */
export interface RequestBody {
  /** For the report: the file's name, or what was made up. */
  readonly name: string;
  /** Media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}
