import * as z from 'zod';
import { parseBody } from '../body.ts';
import { codeSource, readCode } from '../code-package.ts';
import { createConstraints } from '../constraints.ts';
import { requireAcceptableVariables } from '../environment.ts';
import { parseFunctionName } from '../function-name.ts';
import { locate, tellingOf, toldTwice } from '../functions.ts';
import { attached, requireLayers, requireSigned } from '../layers.ts';
import { creating } from '../lifecycle.ts';
import { newFunction } from '../new-function.ts';
import { type Action, type Call, lambdaTime, occasionOf, type Plane } from '../plane.ts';
import { codeSigningConfigNotFound, conflict, invalidParameter } from '../refusals.ts';
import { requireKnownRuntime, runtimeNoLongerSupported } from '../runtimes.ts';
import { applySettings, defaultSettings, requireSettingsInBounds, settingsShape } from '../settings.ts';
import type { LambdaFunction } from '../state.ts';
import { withTags } from '../tags.ts';
import { publish } from '../versions.ts';

const shape = z.object({
  ...settingsShape,
  FunctionName: z.string(),
  Role: z.string(),
  Code: z.object(codeSource),
  PackageType: z.string().optional(),
  Architectures: z.array(z.string()).optional(),
  Publish: z.boolean().optional(),
  Tags: z.record(z.string(), z.string()).optional(),
  CodeSigningConfigArn: z.string().optional(),
});
type Input = z.infer<typeof shape>;

export const createFunction: Action = {
  name: 'CreateFunction',
  eventName: 'CreateFunction20150331',
  readOnly: false,
  method: 'POST',
  path: '/2015-03-31/functions',
  run(call, plane) {
    const input = parseBody(call, shape);
    requireInBounds(input);
    const { home, name } = locate(call, plane, 'CreateFunction', parseFunctionName(input.FunctionName));
    const packageType = input.PackageType === 'Image' ? 'Image' : 'Zip';
    requireFittingPackage(input, packageType, plane);
    requireAcceptableVariables(input.Environment?.Variables ?? {});
    const layers = requireLayers(call, plane, home, input.Layers ?? []);
    if (input.CodeSigningConfigArn !== undefined && !home.codeSigningConfigs.has(input.CodeSigningConfigArn)) {
      throw codeSigningConfigNotFound(input.CodeSigningConfigArn);
    }
    requireSigned(plane, home, input.CodeSigningConfigArn, layers);
    const code = readCode(input.Code);
    const tags = withTags(new Map(), input.Tags ?? {});
    if (home.functions.has(name)) throw conflict(`Function already exist: ${name}`);

    const defaults = defaultSettings(name, input.Role, packageType);
    const settings = applySettings(name, defaults, input, attached(layers));
    const target = newFunction(
      home,
      name,
      {
        settings: { ...settings, Architectures: input.Architectures ?? settings.Architectures },
        code,
        revisionId: plane.uuid(),
        lastModified: lambdaTime(plane.clock, 'milliseconds'),
        lifecycle: creating,
      },
      { tags, codeSigningConfigArn: input.CodeSigningConfigArn },
    );
    home.functions.add(name, target);
    home.codeBytes += code.size;
    const answered = input.Publish === true ? publish(home, target, creating, plane.uuid) : target.latest;
    settleLater(call, plane, target);
    if (tags.size > 0) plane.tagsChanged(home, target, [...tags.keys()]);
    // AWS answers a creation that publishes with the version's number and the unqualified ARN.
    return { status: 201, ...toldTwice(target, answered, tellingOf(call, plane, target)) };
  },
};

function requireInBounds(input: Input): void {
  const constraints = createConstraints();
  constraints.length('functionName', input.FunctionName, 1, 140);
  constraints.oneOf('packageType', input.PackageType, ['Zip', 'Image']);
  const architectures = input.Architectures ?? ['x86_64'];
  const shown = `[${architectures.join(', ')}]`;
  if (architectures.length > 1) {
    constraints.violated('architectures', shown, 'Member must have length less than or equal to 1');
  } else if (!['x86_64', 'arm64'].includes(architectures[0] ?? '')) {
    constraints.violated(
      'architectures',
      shown,
      'Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]',
    );
  }
  constraints.settle();
  const { name } = parseFunctionName(input.FunctionName);
  if (name.length > 64) {
    throw invalidParameter(
      `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: ` +
        'Member must have length less than or equal to 64',
    );
  }
  requireSettingsInBounds(input);
}

/** @throws AwsError, when runtime, handler, layers and code don't go with the kind of package. */
function requireFittingPackage(input: Input, packageType: 'Zip' | 'Image', plane: Plane): void {
  if (packageType === 'Image') {
    if (input.Runtime !== undefined || input.Handler !== undefined || (input.Layers ?? []).length > 0) {
      throw invalidParameter(
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
      );
    }
    if (input.Code.ImageUri === undefined) {
      throw invalidParameter('Please provide ImageUri when creating a function with packageType Image.');
    }
    return;
  }
  if (input.Runtime === undefined || input.Handler === undefined) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  requireKnownRuntime(input.Runtime);
  if (plane.faults.settings().retiredRuntimes.includes(input.Runtime)) throw runtimeNoLongerSupported(input.Runtime);
  if (input.Code.ImageUri !== undefined) {
    throw invalidParameter("Please don't provide ImageUri when creating a function with packageType Zip.");
  }
}

function settleLater(call: Call, plane: Plane, target: LambdaFunction): void {
  plane.transitions.begin(occasionOf(call, 'CreateFunction', target.name), 'creation', (settle) => {
    target.latest = { ...target.latest, revisionId: plane.uuid(), lifecycle: settle(target.latest.lifecycle) };
    for (const version of target.published.values()) {
      if (version.lifecycle.State !== 'Pending') continue;
      target.published.set(version.version, { ...version, lifecycle: settle(version.lifecycle) });
    }
  });
}
