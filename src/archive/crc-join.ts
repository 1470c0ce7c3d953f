/**
 * CRC-32 of two runs of bytes one after the other, from the CRC-32 of each: the first times x^(8n), the second added
 * (zlib's crc32_combine). So bytes that belong to a record and to the file around it are summed once.
 */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  let shift = one;
  for (let count = secondLength, k = 3; count > 0; count = Math.floor(count / 2), k += 1) {
    if (count % 2 === 1) shift = multiply(powers[k % powers.length] ?? one, shift);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}

/** Polynomials over GF(2) as CRC-32 has them: the highest bit is the coefficient of x^0. */
const polynomial = 0xedb88320;
const one = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(2^k); after 31 squarings they come again, since x^(2^32 - 1) is 1. */
const powers: readonly number[] = squarings();

function squarings(): number[] {
  const found = [0x40000000];
  for (let k = 1; k < 32; k += 1) found.push(multiply(found[k - 1] ?? 0, found[k - 1] ?? 0));
  return found;
}
