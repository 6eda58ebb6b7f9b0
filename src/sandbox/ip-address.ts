/** IP addresses and CIDR blocks, as EventBridge's `cidr` operator reads them. */

/** An address: four or sixteen bytes. */
export type IpAddress = readonly number[];

/** The addresses from `first` to `last`, both included. */
export interface IpRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** The bytes of an IPv4 or IPv6 literal, or undefined if the text is none. An IPv4-mapped address counts as IPv4. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    const bytes = text.split('.').map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes : undefined;
  }
  return /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(text) ? parseIpv6(text) : undefined;
}

/** The addresses of a CIDR block such as `10.0.0.0/8`, or a sentence that says why it is none. */
export function addressesOfBlock(block: string): IpRange | string {
  const [literal, bits, ...rest] = block.split('/');
  if (literal === undefined || bits === undefined || rest.length > 0) {
    return "Malformed CIDR, one '/' required";
  }
  if (!/^[+-]?\d+$/.test(bits)) {
    return 'Malformed CIDR, mask bits must be an integer';
  }
  const mask = Number(bits);
  if (mask < 0) {
    return 'Malformed CIDR, mask bits must not be negative';
  }
  const address = parseIpAddress(literal);
  if (address === undefined) {
    return `Nonstandard IP address: ${literal}`;
  }
  if (mask >= address.length * 8) {
    return address.length === 4 ? 'IPv4 mask bits must be < 32' : 'IPv6 mask bits must be < 128';
  }
  const hostBits = (index: number) => 0xff >> Math.min(8, Math.max(0, mask - index * 8));
  return {
    first: address.map((byte, index) => byte & ~hostBits(index) & 0xff),
    last: address.map((byte, index) => byte | hostBits(index)),
  };
}

/** True if the address is of the range's family and lies in it. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  return (
    address.length === range.first.length && compare(address, range.first) >= 0 && compare(address, range.last) <= 0
  );
}

function compare(left: IpAddress, right: IpAddress): number {
  for (const [index, byte] of left.entries()) {
    const difference = byte - (right[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) {
    return undefined;
  }
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...(head ?? []), ...(tail ?? [])];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) {
    return undefined;
  }
  const missing = 8 - groups.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) {
    return undefined;
  }
  const all = [...(head ?? []), ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])];
  const bytes = all.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}
