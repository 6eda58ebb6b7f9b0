import * as z from 'zod';
import { createConstraints } from './constraints.ts';
import { invalidParameter } from './refusals.ts';

/** Lambda never returns more than this, whatever `MaxItems` asks for. */
export const pageSize = 50;

const position = z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]);

/** Where a page starts: after this place, and within it after this many items. */
export type Position = z.infer<typeof position>;

/** The opaque `Marker` that leads to the page after `from`. */
export function markerOf(from: Position): string {
  return Buffer.from(JSON.stringify(from)).toString('base64');
}

/** Reads `Marker` and `MaxItems`. @throws AwsError for values out of bounds, or a marker that is none of ours. */
export function readPaging(query: URLSearchParams, most = 10_000): { from: Position; count: number } {
  const asked = query.get('MaxItems');
  let count = pageSize;
  if (asked !== null) {
    const number = Number(asked);
    const constraints = createConstraints();
    constraints.range('maxItems', Number.isInteger(number) ? number : 0, 1, most);
    constraints.settle();
    count = Math.min(number, pageSize);
  }
  return { from: readMarker(query.get('Marker')), count };
}

function readMarker(marker: string | null): Position {
  if (marker === null || marker === '') return [0, 0];
  try {
    return position.parse(JSON.parse(Buffer.from(marker, 'base64').toString()));
  } catch {
    throw invalidParameter('Invalid pagination token provided.');
  }
}
