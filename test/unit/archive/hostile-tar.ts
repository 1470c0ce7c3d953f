/** One block group of a tar file under construction. */
export interface TarMember {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  readonly type?: string;
  readonly mode?: string;
  readonly size?: string;
  readonly prefix?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly uid?: string;
  readonly devices?: string;
  /** Added to the right checksum. */
  readonly checksumError?: number;
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;

function header(member: TarMember, size: number): Buffer {
  const block = Buffer.alloc(512);
  const put = (at: number, text: string): void => void block.write(text, at, "latin1");
  Buffer.from(member.name).copy(block, 0, 0, 100);
  put(100, member.mode ?? octal(0o644, 7));
  put(108, member.uid ?? octal(0, 7));
  put(116, octal(0, 7));
  put(124, member.size ?? octal(size, 11));
  put(136, octal(1_700_000_000, 11));
  put(148, "        ");
  put(156, member.type ?? "0");
  put(157, member.link ?? "");
  put(257, member.magic ?? "ustar\x0000");
  put(329, member.devices ?? "");
  put(345, member.prefix ?? "");
  const sum = block.reduce((total, byte) => total + byte, 0) + (member.checksumError ?? 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** The blocks of the members, without the two empty ones at the end. */
export function tarBlocks(members: readonly TarMember[]): Buffer {
  return Buffer.concat(
    members.flatMap((member) => {
      const data = Buffer.from(member.data ?? "");
      return [header(member, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
    }),
  );
}

export function hostileTar(members: readonly TarMember[], end: Uint8Array = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([tarBlocks(members), end]);
}

/** A pax header block with these records. */
export function pax(records: Readonly<Record<string, string>>, type = "x"): TarMember {
  const data = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join("");
  return { name: "PaxHeaders/x", type, data };
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + 1;
  while (String(length).length + size !== length) length += 1;
  return `${length}${rest}`;
}
