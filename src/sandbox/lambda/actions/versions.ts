import * as z from 'zod';
import { parseBody } from '../body.ts';
import { listedConfiguration } from '../function-configuration.ts';
import { addressFunction, requireFunction, requireUnqualified, tellingOf, toldTwice } from '../functions.ts';
import { ready, requireAtRest } from '../lifecycle.ts';
import { markerOf, readPaging } from '../paging.ts';
import type { Action } from '../plane.ts';
import { invalidParameter, preconditionFailed } from '../refusals.ts';
import { publish, unchangedSincePublished } from '../versions.ts';

const path = '/2015-03-31/functions/{FunctionName}/versions';

const publishing = z.object({
  CodeSha256: z.string().optional(),
  Description: z.string().max(256).optional(),
  RevisionId: z.string().optional(),
});

export const publishVersion: Action = {
  name: 'PublishVersion',
  eventName: 'PublishVersion20150331',
  readOnly: false,
  method: 'POST',
  path,
  run(call, plane) {
    const input = parseBody(call, publishing);
    const addressed = addressFunction(call, plane, this.name);
    requireUnqualified(addressed);
    const target = requireFunction(addressed);
    requireAtRest(target.latest, target.arn);
    if (input.RevisionId !== undefined && input.RevisionId !== target.latest.revisionId) {
      throw preconditionFailed('GetFunction/GetAlias');
    }
    const { sha256 } = target.latest.code;
    if (input.CodeSha256 !== undefined && input.CodeSha256 !== sha256) {
      throw invalidParameter(
        `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${sha256}). ` +
          'Please try again with the CodeSHA256 in $LATEST.',
      );
    }
    const version =
      unchangedSincePublished(target) ?? publish(addressed.home, target, ready, plane.uuid, input.Description);
    return { status: 201, ...toldTwice(target, version, tellingOf(call, plane, target, version.version)) };
  },
};

export const listVersionsByFunction: Action = {
  name: 'ListVersionsByFunction',
  eventName: 'ListVersionsByFunction20150331',
  readOnly: true,
  method: 'GET',
  path,
  run(call, plane) {
    const target = requireFunction(addressFunction(call, plane, this.name));
    const { from, count } = readPaging(call.request.query);
    const versions = [target.latest, ...target.published.values()];
    const page = versions.slice(from[0], from[0] + count);
    const next = from[0] + page.length;
    return {
      status: 200,
      body: {
        ...(next < versions.length ? { NextMarker: markerOf([next, 0]) } : {}),
        Versions: page.map((version) =>
          listedConfiguration(target, version, tellingOf(call, plane, target, version.version)),
        ),
      },
    };
  },
};
