import { createHash } from 'node:crypto';
import * as z from 'zod';
import { invalidParameter, tooLarge } from './refusals.ts';
import type { CodePackage } from './state.ts';

/** Where code comes from, in requests for functions and for layers. */
export const codeSource = {
  ZipFile: z.string().optional(),
  S3Bucket: z.string().optional(),
  S3Key: z.string().optional(),
  S3ObjectVersion: z.string().optional(),
  ImageUri: z.string().optional(),
};

type CodeSource = { readonly [member in keyof typeof codeSource]?: string | undefined };

const zippedLimitBytes = 52_428_800;

/**
 * Measures and hashes what a request brings. Bytes are never unpacked: the sandbox has no data plane, so any bytes are a
 * package. Objects of S3 and images are not looked for either; their hash and size come from their name.
 * @throws AwsError when there is no code, or more than 50 MB of it.
 */
export function readCode(source: CodeSource): CodePackage {
  if (source.ImageUri !== undefined) {
    return { sha256: createHash('sha256').update(source.ImageUri).digest('hex'), size: 0, imageUri: source.ImageUri };
  }
  if (source.ZipFile !== undefined) {
    const bytes = Buffer.from(source.ZipFile, 'base64');
    if (bytes.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
    if (bytes.length > zippedLimitBytes) {
      throw tooLarge(`Zipped size must be smaller than ${zippedLimitBytes} bytes`);
    }
    return { sha256: createHash('sha256').update(bytes).digest('base64'), size: bytes.length };
  }
  if (source.S3Bucket !== undefined && source.S3Key !== undefined) {
    const hash = createHash('sha256').update(`${source.S3Bucket}/${source.S3Key}?${source.S3ObjectVersion ?? ''}`);
    const digest = hash.digest();
    return { sha256: digest.toString('base64'), size: 256 + digest.readUInt16BE(0) };
  }
  throw invalidParameter('Please provide a source for function code.');
}
