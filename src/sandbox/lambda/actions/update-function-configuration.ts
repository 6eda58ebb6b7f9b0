import * as z from 'zod';
import { parseBody } from '../body.ts';
import { requireAcceptableVariables } from '../environment.ts';
import {
  addressFunction,
  requireFunction,
  requireKey,
  requireNoReplica,
  requireUnqualified,
  tellingOf,
  toldTwice,
} from '../functions.ts';
import { attached, requireLayers, requireSigned } from '../layers.ts';
import { requireAtRest, updating } from '../lifecycle.ts';
import { type Action, lambdaTime, occasionOf, type Plane } from '../plane.ts';
import { invalidParameter, preconditionFailed } from '../refusals.ts';
import { requireKnownRuntime, runtimeNoLongerSupported } from '../runtimes.ts';
import { applySettings, requireSettingsInBounds, settingsShape } from '../settings.ts';
import type { LambdaFunction } from '../state.ts';

const shape = z.object({ ...settingsShape, RevisionId: z.string().optional() });
type Input = z.infer<typeof shape>;

export const updateFunctionConfiguration: Action = {
  name: 'UpdateFunctionConfiguration',
  eventName: 'UpdateFunctionConfiguration20150331v2',
  readOnly: false,
  method: 'PUT',
  path: '/2015-03-31/functions/{FunctionName}/configuration',
  run(call, plane) {
    const input = parseBody(call, shape);
    requireSettingsInBounds(input);
    const addressed = addressFunction(call, plane, 'UpdateFunctionConfiguration');
    requireUnqualified(addressed);
    const target = requireFunction(addressed);
    requireNoReplica(call, plane, target, 'update');
    requireAtRest(target.latest, target.arn);
    if (input.RevisionId !== undefined && input.RevisionId !== target.latest.revisionId) {
      throw preconditionFailed('GetFunction/GetAlias');
    }
    requireFittingPackage(input, target, plane);
    if (input.Environment?.Variables !== undefined || input.KMSKeyArn !== undefined) {
      requireKey(call, plane, input.KMSKeyArn ?? target.latest.settings.KMSKeyArn);
    }
    if (input.Environment?.Variables !== undefined) requireAcceptableVariables(input.Environment.Variables);
    const layers = input.Layers === undefined ? undefined : requireLayers(call, plane, addressed.home, input.Layers);
    requireSigned(plane, addressed.home, target.codeSigningConfigArn, layers ?? []);

    target.latest = {
      ...target.latest,
      settings: applySettings(
        target.name,
        target.latest.settings,
        input,
        layers === undefined ? undefined : attached(layers),
      ),
      revisionId: plane.uuid(),
      lastModified: lambdaTime(plane.clock, 'seconds'),
      lifecycle: updating,
    };
    plane.transitions.begin(occasionOf(call, this.name, target.name), 'update', (settle) => {
      target.latest = { ...target.latest, revisionId: plane.uuid(), lifecycle: settle(target.latest.lifecycle) };
    });
    return { status: 200, ...toldTwice(target, target.latest, tellingOf(call, plane, target)) };
  },
};

/** @throws AwsError for a runtime that is unknown, retired or frozen, and for what images can't have. */
function requireFittingPackage(input: Input, target: LambdaFunction, plane: Plane): void {
  const { retiredRuntimes, frozenRuntimes } = plane.faults.settings();
  const current = target.latest.settings;
  if (current.PackageType === 'Image') {
    if (input.Runtime !== undefined || input.Handler !== undefined || (input.Layers ?? []).length > 0) {
      throw invalidParameter(
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
      );
    }
    return;
  }
  if (input.Runtime !== undefined) {
    requireKnownRuntime(input.Runtime);
    if (retiredRuntimes.includes(input.Runtime)) throw runtimeNoLongerSupported(input.Runtime);
  }
  if (current.Runtime !== undefined && frozenRuntimes.includes(current.Runtime)) {
    throw runtimeNoLongerSupported(current.Runtime);
  }
}
