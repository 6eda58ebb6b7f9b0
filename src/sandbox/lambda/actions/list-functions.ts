import { createConstraints } from '../constraints.ts';
import { listedConfiguration } from '../function-configuration.ts';
import { tellingOf } from '../functions.ts';
import { markerOf, type Position, readPaging } from '../paging.ts';
import type { Action, Call, Plane } from '../plane.ts';
import type { FunctionVersion, LambdaFunction } from '../state.ts';

export const listFunctions: Action = {
  name: 'ListFunctions',
  eventName: 'ListFunctions20150331',
  readOnly: true,
  method: 'GET',
  path: '/2015-03-31/functions',
  run(call, plane) {
    const { query } = call.request;
    const all = query.get('FunctionVersion') ?? undefined;
    const constraints = createConstraints();
    constraints.oneOf('functionVersion', all, ['ALL']);
    constraints.settle();
    const masterRegion = query.get('MasterRegion') ?? 'ALL';
    const { from, count } = readPaging(query);

    const page: unknown[] = [];
    let last: Position = from;
    for (const entry of entries(call, from, all !== undefined)) {
      if (page.length === count) return { status: 200, body: { NextMarker: markerOf(last), Functions: page } };
      last = entry.position;
      const told = tell(call, plane, entry, all !== undefined);
      if (masterRegion !== 'ALL' && !isReplicaOf(told['MasterArn'], masterRegion)) continue;
      page.push(told);
    }
    return { status: 200, body: { Functions: page } };
  },
};

interface Entry {
  readonly target: LambdaFunction;
  readonly version: FunctionVersion;
  readonly position: Position;
}

/** Everything that is to be listed after a position, lazily. */
function* entries(call: Call, from: Position, allVersions: boolean): Iterable<Entry> {
  const [startPlace, startWithin] = from;
  // A position names the place of the function that was read last and how many of its versions were.
  const resumeWithin = allVersions && startWithin > 0;
  for (const { place, value: target } of call.home.functions.after(resumeWithin ? startPlace - 1 : startPlace)) {
    const versions = allVersions ? [target.latest, ...target.published.values()] : [target.latest];
    const skip = resumeWithin && place === startPlace ? startWithin : 0;
    for (const [index, version] of versions.entries()) {
      if (index < skip) continue;
      const read = index + 1;
      yield { target, version, position: [place, allVersions && read < versions.length ? read : 0] };
    }
  }
}

function tell(call: Call, plane: Plane, { target, version }: Entry, qualified: boolean): Record<string, unknown> {
  return listedConfiguration(target, version, tellingOf(call, plane, target, qualified ? version.version : undefined));
}

function isReplicaOf(masterArn: unknown, region: string): boolean {
  return typeof masterArn === 'string' && masterArn.split(':')[3] === region;
}
