import type { Check } from "../check.ts";
import { residencyDownload } from "./download.ts";
import { residencyHardCodedCredential } from "./hard-coded-credential.ts";
import { residencyPlainHttp } from "./plain-http.ts";
import { residencyStaticLook } from "./static-look.ts";
import { residencyTelemetry } from "./telemetry.ts";
import { residencyThirdCountry } from "./third-country.ts";
import { residencyUnknownHost } from "./unknown-host.ts";

export const residencyChecks: readonly Check[] = [
  residencyThirdCountry,
  residencyTelemetry,
  residencyDownload,
  residencyUnknownHost,
  residencyPlainHttp,
  residencyHardCodedCredential,
  residencyStaticLook,
];
