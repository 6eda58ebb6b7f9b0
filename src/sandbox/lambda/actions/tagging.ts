import * as z from 'zod';
import { AwsError } from '../../api.ts';
import { parseBody } from '../body.ts';
import { createConstraints } from '../constraints.ts';
import { parseFunctionName } from '../function-name.ts';
import { locate, requireFunction } from '../functions.ts';
import { type Action, type Call, occasionOf, type Plane, pathParameter, principalOf } from '../plane.ts';
import { invalidParameter, notFound } from '../refusals.ts';
import type { Home, LambdaFunction } from '../state.ts';
import { changedKeys, withTags } from '../tags.ts';
import { listTagsDenied } from './get-function.ts';

const path = '/2017-03-31/tags/{Resource}';

export const tagResource: Action = {
  name: 'TagResource',
  eventName: 'TagResource20170331v2',
  readOnly: false,
  method: 'POST',
  path,
  run(call, plane) {
    const { Tags } = parseBody(call, z.object({ Tags: z.record(z.string(), z.string()) }));
    const { home, target } = taggedResource(call, plane, this.name);
    if (Object.keys(Tags).length === 0) {
      throw invalidParameter('An error occurred and the request cannot be processed.');
    }
    setTags(plane, home, target, withTags(target.tags, Tags));
    return { status: 204 };
  },
};

export const untagResource: Action = {
  name: 'UntagResource',
  eventName: 'UntagResource20170331v2',
  readOnly: false,
  method: 'DELETE',
  path,
  run(call, plane) {
    const keys = call.request.query.getAll('tagKeys');
    if (keys.length === 0) {
      throw new AwsError(
        'ValidationException',
        400,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
      );
    }
    const { home, target } = taggedResource(call, plane, this.name);
    setTags(plane, home, target, new Map([...target.tags].filter(([key]) => !keys.includes(key))));
    return { status: 204 };
  },
};

export const listTags: Action = {
  name: 'ListTags',
  eventName: 'ListTags20170331',
  readOnly: true,
  method: 'GET',
  path,
  run(call, plane) {
    const { target } = taggedResource(call, plane, this.name);
    if (plane.faults.tagsUnreadable(occasionOf(call, this.name, target.name))) {
      throw new AwsError('AccessDeniedException', 403, listTagsDenied(principalOf(call.request), target.arn));
    }
    return { status: 200, body: { Tags: Object.fromEntries(target.tags) } };
  },
};

/** Every change of tags gives the function another revision; so do changes that change nothing, as on AWS. */
function setTags(plane: Plane, home: Home, target: LambdaFunction, tags: ReadonlyMap<string, string>): void {
  const changed = changedKeys(target.tags, tags);
  target.tags = tags;
  target.latest = { ...target.latest, revisionId: plane.uuid() };
  plane.tagsChanged(home, target, changed);
}

const quotedPattern =
  'arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:' +
  '(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}' +
  '|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}' +
  '|capacity-provider:[a-zA-Z0-9-_]+)';

/** The function whose tags a call is about. The sandbox holds no tags of other resources. */
function taggedResource(call: Call, plane: Plane, action: string): { home: Home; target: LambdaFunction } {
  const arn = pathParameter(call, 'Resource');
  const kind = /^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:(function|layer|code-signing-config|event-source-mapping):/;
  const match = kind.exec(arn);
  if (match === null) {
    const constraints = createConstraints();
    constraints.violated('resource', arn, `Member must satisfy regular expression pattern: ${quotedPattern}`);
    constraints.settle();
  }
  if (match?.[1] !== 'function') throw notFound(`Resource not found: ${arn}`);
  const reference = parseFunctionName(arn);
  if (reference.qualifier !== undefined) {
    throw invalidParameter('Tags on function aliases and versions are not supported. Please specify a function ARN.');
  }
  const { home, name } = locate(call, plane, action, reference);
  return { home, target: requireFunction({ home, name, qualifier: undefined }) };
}
