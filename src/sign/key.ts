import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { open, readFile, unlink } from "node:fs/promises";
import { promisify } from "node:util";
import { diskFailure } from "../archive/disk.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { ArchiverError } from "../errors.ts";

/** The curves of OpenSSF model signing, each with the hash that its signatures use. */
const curves = {
  prime256v1: { name: "P-256", hash: "sha256" },
  secp384r1: { name: "P-384", hash: "sha384" },
  secp521r1: { name: "P-521", hash: "sha512" },
} as const;

export type CurveName = (typeof curves)[keyof typeof curves]["name"];

export const curveNames: readonly string[] = Object.values(curves).map(({ name }) => name);

/** A key file larger than this is none. */
const largestKey = 1 << 20;

/** Curve and hash of an elliptic key. Throws ArchiverError `bad-key` for anything else. */
export function curveOf(key: KeyObject, path: string): (typeof curves)[keyof typeof curves] {
  const named = key.asymmetricKeyType === "ec" ? key.asymmetricKeyDetails?.namedCurve : undefined;
  const found = Object.entries(curves).find(([curve]) => curve === named);
  if (found === undefined) {
    const kind = named ?? key.asymmetricKeyType ?? "no key pair";
    throw new ArchiverError("bad-key", `${path} is ${kind}; model signing takes ${curveNames.join(", ")}.`);
  }
  return found[1];
}

/** A private key in PEM, SEC1 or PKCS#8, encrypted or not. Throws ArchiverError `bad-key` or `bad-password`. */
export async function readPrivateKey(path: string, password: string | null): Promise<KeyObject> {
  const pem = await readKeyFile(path);
  const encrypted = /ENCRYPTED/u.test(pem);
  if (encrypted && password === null) {
    throw new ArchiverError("bad-password", `${path} is encrypted and no password was given.`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(password === null ? pem : { key: pem, passphrase: password });
  } catch (error) {
    if (encrypted)
      throw new ArchiverError("bad-password", `${path} does not open with this password.`, { cause: error });
    throw new ArchiverError("bad-key", `${path} is no private key in PEM.`, { cause: error });
  }
  curveOf(key, path);
  return key;
}

/** A public key in PEM. Throws ArchiverError `bad-key`; a private key is refused, since it must not travel. */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const pem = await readKeyFile(path);
  if (/PRIVATE KEY/u.test(pem)) {
    const remedy = `openssl pkey -in ${path} -pubout -out public.pem`;
    throw new ArchiverError("bad-key", `${path} is a private key; verifying takes the public one.`, { remedy });
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new ArchiverError("bad-key", `${path} is no public key in PEM.`, { cause: error });
  }
  curveOf(key, path);
  return key;
}

/** The first line of a password file. */
export async function readPassword(path: string): Promise<string> {
  return (await readKeyFile(path)).split(/\r?\n/u, 1)[0] ?? "";
}

/** How signatures name the key that made them: hex SHA-256 of its PEM text with the final newline. */
export function keyHint(publicKey: KeyObject): string {
  return createHash("sha256").update(publicPem(publicKey)).digest("hex");
}

function publicPem(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}

/**
 * Writes a new private key (PKCS#8, mode 0600, encrypted with AES-256 when there is a password) and the public one.
 * Throws ArchiverError `already-exists` and leaves what is there.
 */
export async function writeKeyPair(
  privatePath: string,
  publicPath: string,
  curve: CurveName,
  password: string | null,
): Promise<{ readonly hint: string }> {
  const namedCurve = Object.entries(curves).find(([, { name }]) => name === curve)?.[0] ?? "prime256v1";
  const { privateKey, publicKey } = await promisify(generateKeyPair)("ec", { namedCurve });
  const encryption = password === null ? {} : { cipher: "aes-256-cbc", passphrase: password };
  const text = String(privateKey.export({ type: "pkcs8", format: "pem", ...encryption }));
  await writeNew(publicPath, publicPem(publicKey), 0o644);
  try {
    await writeNew(privatePath, text, 0o600);
  } catch (error) {
    await unlink(publicPath);
    throw error;
  }
  return { hint: keyHint(publicKey) };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      const remedy = "Choose another name with -o; a key is never overwritten.";
      throw new ArchiverError("already-exists", `${path} exists already.`, { remedy, cause: error });
    }
    throw writeFailure(error, path);
  }
}

async function readKeyFile(path: string): Promise<string> {
  const text = await readFile(path, "latin1").catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  if (text.length > largestKey) throw new ArchiverError("bad-key", `${path} is too large for a key.`);
  return text;
}
