import * as z from 'zod';
import { parseBody } from '../body.ts';
import { codeSource, readCode } from '../code-package.ts';
import { createConstraints } from '../constraints.ts';
import {
  addressFunction,
  requireFunction,
  requireNoReplica,
  requireUnqualified,
  tellingOf,
  toldTwice,
} from '../functions.ts';
import { creating, requireAtRest, updating } from '../lifecycle.ts';
import { type Action, lambdaTime, occasionOf } from '../plane.ts';
import { invalidParameter, preconditionFailed } from '../refusals.ts';
import { runtimeNoLongerSupported } from '../runtimes.ts';
import type { FunctionVersion } from '../state.ts';
import { publish } from '../versions.ts';

const shape = z.object({
  ...codeSource,
  Architectures: z.array(z.string()).optional(),
  Publish: z.boolean().optional(),
  DryRun: z.boolean().optional(),
  RevisionId: z.string().optional(),
});

export const updateFunctionCode: Action = {
  name: 'UpdateFunctionCode',
  eventName: 'UpdateFunctionCode20150331v2',
  readOnly: false,
  method: 'PUT',
  path: '/2015-03-31/functions/{FunctionName}/code',
  run(call, plane) {
    const input = parseBody(call, shape);
    const constraints = createConstraints();
    constraints.oneOf('architectures', input.Architectures?.[0], ['x86_64', 'arm64']);
    constraints.settle();
    const addressed = addressFunction(call, plane, 'UpdateFunctionCode');
    requireUnqualified(addressed);
    const { home } = addressed;
    const target = requireFunction(addressed);
    requireNoReplica(call, plane, target, 'update');
    requireAtRest(target.latest, target.arn);
    if (input.RevisionId !== undefined && input.RevisionId !== target.latest.revisionId) {
      throw preconditionFailed('GetFunction/GetAlias');
    }
    const { Runtime, PackageType } = target.latest.settings;
    if (Runtime !== undefined && plane.faults.settings().frozenRuntimes.includes(Runtime)) {
      throw runtimeNoLongerSupported(Runtime);
    }
    if (PackageType === 'Image' && input.ImageUri === undefined) {
      throw invalidParameter('Please provide ImageUri when updating a function with packageType Image.');
    }
    if (PackageType === 'Zip' && input.ImageUri !== undefined) {
      throw invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.");
    }
    const code = readCode(input);

    const updated: FunctionVersion = {
      ...target.latest,
      settings: {
        ...target.latest.settings,
        Architectures: input.Architectures ?? target.latest.settings.Architectures,
      },
      code,
      revisionId: plane.uuid(),
      lastModified: lambdaTime(plane.clock, 'seconds'),
      lifecycle: updating,
    };
    if (input.DryRun === true) return { status: 200, ...toldTwice(target, updated, tellingOf(call, plane, target)) };

    home.codeBytes += code.size - target.latest.code.size;
    target.latest = updated;
    const published = input.Publish === true ? publish(home, target, creating, plane.uuid) : undefined;
    plane.transitions.begin(occasionOf(call, this.name, target.name), 'update', (settle) => {
      target.latest = { ...target.latest, revisionId: plane.uuid(), lifecycle: settle(target.latest.lifecycle) };
      const pending = published === undefined ? undefined : target.published.get(published.version);
      if (pending === undefined) return;
      target.published.set(pending.version, { ...pending, lifecycle: settle(pending.lifecycle) });
    });
    const answered = published ?? target.latest;
    return { status: 200, ...toldTwice(target, answered, tellingOf(call, plane, target, published?.version)) };
  },
};
