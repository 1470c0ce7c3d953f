// The part of CycloneDX 1.6 and 1.7 that we write. https://cyclonedx.org/docs/1.6/json/

/** Where `archive --bom` puts the bill of materials; TorchServe ignores it. */
export const bomPath = "MAR-INF/bom.cdx.json";

export interface Property {
  readonly name: string;
  readonly value: string;
}

export interface Licence {
  readonly license: { readonly id: string };
}

export interface ModelCard {
  readonly modelParameters: {
    readonly inputs?: readonly { readonly format: string }[];
    readonly outputs?: readonly { readonly format: string }[];
  };
  readonly quantitativeAnalysis?: {
    readonly performanceMetrics: readonly PerformanceMetric[];
  };
  readonly properties?: readonly Property[];
}

export interface PerformanceMetric {
  readonly type: string;
  readonly value: string;
  /** What ran it. */
  readonly slice: string;
  readonly confidenceInterval?: { readonly lowerBound: string; readonly upperBound: string };
}

export interface Component {
  readonly type: "machine-learning-model" | "file" | "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly licenses?: readonly Licence[];
  readonly purl?: string;
  readonly modelCard?: ModelCard;
  readonly properties?: readonly Property[];
}

export interface Service {
  readonly "bom-ref": string;
  readonly name: string;
  readonly provider?: { readonly name: string };
  readonly endpoints?: readonly string[];
  readonly "x-trust-boundary": true;
  readonly data: readonly { readonly flow: "inbound" | "outbound"; readonly classification: "unknown" }[];
  readonly properties: readonly Property[];
}

export interface Bom {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6" | "1.7";
  readonly version: 1;
  readonly metadata: {
    readonly tools: {
      readonly components: readonly { readonly type: "application"; readonly name: string; readonly version: string }[];
    };
    readonly component: Component;
  };
  readonly components: readonly Component[];
  readonly services?: readonly Service[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}
