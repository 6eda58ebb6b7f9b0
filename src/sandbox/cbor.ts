/**
 * The part of CBOR (RFC 8949) that AWS's `smithy-rpc-v2-cbor` protocol uses: CloudWatch's clients speak nothing else.
 * Times are numbers under tag 1, in seconds since 1970.
 */

/** Writes plain JSON values, bytes and dates. */
export function encodeCbor(value: unknown): Buffer {
  const chunks: Buffer[] = [];
  write(value, chunks);
  return Buffer.concat(chunks);
}

/** Reads one value; maps become objects, tag 1 becomes a Date. @throws RangeError if the bytes end too early. */
export function decodeCbor(bytes: Buffer): unknown {
  return read({ bytes, offset: 0 });
}

const BREAK = Symbol('break');

interface Cursor {
  readonly bytes: Buffer;
  offset: number;
}

function write(value: unknown, chunks: Buffer[]): void {
  if (value === null || value === undefined) {
    chunks.push(Buffer.from([0xf6]));
  } else if (typeof value === 'boolean') {
    chunks.push(Buffer.from([value ? 0xf5 : 0xf4]));
  } else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      chunks.push(value < 0 ? head(1, -1 - value) : head(0, value));
    } else {
      const bytes = Buffer.alloc(9);
      bytes[0] = 0xfb;
      bytes.writeDoubleBE(value, 1);
      chunks.push(bytes);
    }
  } else if (typeof value === 'string') {
    const text = Buffer.from(value);
    chunks.push(head(3, text.length), text);
  } else if (Buffer.isBuffer(value)) {
    chunks.push(head(2, value.length), value);
  } else if (value instanceof Date) {
    chunks.push(head(6, 1));
    write(value.getTime() / 1000, chunks);
  } else if (Array.isArray(value)) {
    chunks.push(head(4, value.length));
    for (const element of value) {
      write(element, chunks);
    }
  } else {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    chunks.push(head(5, entries.length));
    for (const [name, member] of entries) {
      write(name, chunks);
      write(member, chunks);
    }
  }
}

function head(major: number, length: number): Buffer {
  const type = major << 5;
  if (length < 24) {
    return Buffer.from([type | length]);
  }
  if (length < 0x100) {
    return Buffer.from([type | 24, length]);
  }
  if (length < 0x10000) {
    return Buffer.from([type | 25, length >> 8, length & 0xff]);
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = type | 27;
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

function read(cursor: Cursor): unknown {
  const first = cursor.bytes.readUInt8(cursor.offset++);
  const major = first >> 5;
  const extra = first & 31;
  if (major === 7) {
    return readSimple(extra, cursor);
  }
  const isOpen = extra === 31;
  const length = isOpen ? Number.POSITIVE_INFINITY : readLength(extra, cursor);
  switch (major) {
    case 0:
      return length;
    case 1:
      return -1 - length;
    case 2:
    case 3: {
      const bytes = isOpen ? readChunks(cursor) : readBytes(length, cursor);
      return major === 2 ? bytes : bytes.toString('utf8');
    }
    case 4:
      return readElements(length, cursor);
    case 5: {
      const flat = readElements(length * 2, cursor);
      const pairs: [string, unknown][] = [];
      for (let index = 0; index + 1 < flat.length; index += 2) {
        pairs.push([String(flat[index]), flat[index + 1]]);
      }
      return Object.fromEntries(pairs);
    }
    default: {
      const tagged = read(cursor);
      return length === 1 && typeof tagged === 'number' ? new Date(tagged * 1000) : tagged;
    }
  }
}

function readSimple(extra: number, cursor: Cursor): unknown {
  switch (extra) {
    case 20:
      return false;
    case 21:
      return true;
    case 25: {
      const half = cursor.bytes.readUInt16BE(cursor.offset);
      cursor.offset += 2;
      return fromHalf(half);
    }
    case 26:
      cursor.offset += 4;
      return cursor.bytes.readFloatBE(cursor.offset - 4);
    case 27:
      cursor.offset += 8;
      return cursor.bytes.readDoubleBE(cursor.offset - 8);
    case 31:
      return BREAK;
    default:
      return null;
  }
}

function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) {
    return sign * 2 ** -24 * fraction;
  }
  if (exponent === 31) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}

function readLength(extra: number, cursor: Cursor): number {
  const size = { 24: 1, 25: 2, 26: 4 }[extra];
  if (size !== undefined) {
    cursor.offset += size;
    return cursor.bytes.readUIntBE(cursor.offset - size, size);
  }
  if (extra === 27) {
    cursor.offset += 8;
    return Number(cursor.bytes.readBigUInt64BE(cursor.offset - 8));
  }
  return extra;
}

function readBytes(length: number, cursor: Cursor): Buffer {
  const end = cursor.offset + length;
  if (end > cursor.bytes.length) {
    throw new RangeError(`The CBOR value ends after ${cursor.bytes.length} bytes, before byte ${end}`);
  }
  const bytes = cursor.bytes.subarray(cursor.offset, end);
  cursor.offset = end;
  return bytes;
}

function readChunks(cursor: Cursor): Buffer {
  const chunks: Buffer[] = [];
  for (let chunk = read(cursor); chunk !== BREAK; chunk = read(cursor)) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.isBuffer(chunk) ? chunk : Buffer.alloc(0));
  }
  return Buffer.concat(chunks);
}

function readElements(length: number, cursor: Cursor): unknown[] {
  const elements: unknown[] = [];
  while (elements.length < length) {
    const element = read(cursor);
    if (element === BREAK) {
      break;
    }
    elements.push(element);
  }
  return elements;
}
