/** The serialised language, as a tree. Paths are dotted names that start with `torch`, `ops` or `__torch__`. */
export type Expression =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "path"; readonly name: string }
  | { readonly kind: "literal"; readonly value: null | boolean | bigint | number | string }
  /** `1j`, its imaginary part. */
  | { readonly kind: "imaginary"; readonly value: number }
  /** `CONSTANTS.c0` */
  | { readonly kind: "constant"; readonly index: number }
  | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly of: Expression; readonly name: string }
  | { readonly kind: "subscript"; readonly of: Expression; readonly index: Expression }
  | {
      readonly kind: "slice";
      readonly start: Expression | null;
      readonly end: Expression | null;
      readonly step: Expression | null;
    }
  | {
      readonly kind: "call";
      readonly callee: Expression;
      readonly positional: readonly Expression[];
      readonly keyword: readonly (readonly [string, Expression])[];
    }
  | { readonly kind: "unary"; readonly operator: string; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "conditional";
      readonly test: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    };

export type Statement = { readonly line: number } & (
  | { readonly kind: "expression"; readonly value: Expression }
  | { readonly kind: "assign"; readonly targets: readonly Expression[]; readonly value: Expression }
  | { readonly kind: "augment"; readonly operator: string; readonly target: Expression; readonly value: Expression }
  | { readonly kind: "return"; readonly value: Expression | null }
  | {
      readonly kind: "if";
      readonly test: Expression;
      readonly whenTrue: readonly Statement[];
      readonly whenFalse: readonly Statement[];
    }
  | { readonly kind: "while"; readonly test: Expression; readonly body: readonly Statement[] }
  | {
      readonly kind: "for";
      readonly target: Expression;
      readonly iterable: Expression;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "with";
      readonly value: Expression;
      readonly target: string | null;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "raise"; readonly value: Expression | null }
  | { readonly kind: "assert"; readonly test: Expression; readonly message: Expression | null }
  /** A function of its own inside of another, as `fork` takes it: no parameters, the names around it. */
  | { readonly kind: "define"; readonly name: string; readonly body: readonly Statement[] }
  | { readonly kind: "pass" | "break" | "continue" }
);

export interface Parameter {
  readonly name: string;
  readonly type: Expression | null;
  readonly fallback: Expression | null;
}

export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: Expression | null;
  readonly body: readonly Statement[];
  readonly line: number;
}

export interface ClassDefinition {
  readonly name: string;
  /** `Module`, `NamedTuple`, `Enum`, `Interface`, `ModuleInterface`, or empty. */
  readonly base: string;
  /** In order: fields with their types, and the values of constants where they have one. */
  readonly fields: readonly {
    readonly name: string;
    readonly type: Expression | null;
    readonly value: Expression | null;
  }[];
  readonly methods: ReadonlyMap<string, FunctionDefinition>;
  readonly parameters: readonly string[];
  readonly buffers: readonly string[];
}

/** One file of `code/`. */
export interface SourceFile {
  readonly classes: ReadonlyMap<string, ClassDefinition>;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
}
