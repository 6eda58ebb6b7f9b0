import { parseLayerName, parseLayerVersionArn } from './layer-name.ts';
import { type Call, type Plane, principalOf } from './plane.ts';
import { accessDenied, codeVerificationFailed, invalidParameter } from './refusals.ts';
import type { AttachedLayer, Home, LayerVersion } from './state.ts';

const mostLayers = 5;

/**
 * Looks up what a function shall refer to, in the order of the request. Layers that don't suit the runtime or the
 * architecture are let through, as AWS does. Every layer that is sent has to exist, also one that the function had.
 * @throws AwsError for more than five, another region, two versions of one layer, a version that isn't there, or one
 * whose policy keeps this account out.
 */
export function requireLayers(call: Call, plane: Plane, home: Home, arns: readonly string[]): LayerVersion[] {
  if (arns.length > mostLayers) throw invalidParameter(`Cannot reference more than ${mostLayers} layers.`);
  const seen = new Map<string, string>();
  const found: LayerVersion[] = [];
  for (const arn of arns) {
    const reference = parseLayerVersionArn(arn);
    if (reference === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    if (reference.region !== home.region) {
      throw invalidParameter(
        `Layers are not in the same region as the function. Layers are expected to be in region ${home.region}.`,
      );
    }
    const twin = seen.get(reference.layerArn);
    if (twin !== undefined) {
      throw invalidParameter(
        'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${twin} and ${arn} are versions of the same layer.`,
      );
    }
    seen.set(reference.layerArn, arn);

    const owner = plane.knownHome(reference.account, reference.region);
    const version = owner?.layers.get(reference.name)?.versions.get(reference.version);
    const own = reference.account === call.request.caller.accountId;
    if (!own && !readable(plane, call, version)) {
      throw accessDenied(principalOf(call.request), 'GetLayerVersion', arn);
    }
    if (version === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    found.push(version);
  }
  return found;
}

/** @throws AwsError `CodeVerificationFailedException`, when the function's code signing policy is `Enforce`. */
export function requireSigned(
  plane: Plane,
  home: Home,
  configArn: string | undefined,
  layers: readonly LayerVersion[],
): void {
  const config = configArn === undefined ? undefined : home.codeSigningConfigs.get(configArn);
  if (config?.CodeSigningPolicies.UntrustedArtifactOnDeployment !== 'Enforce') return;
  if (layers.every((layer) => layer.signed || plane.faults.layerSigned(layer.arn))) return;
  throw codeVerificationFailed();
}

export function attached(layers: readonly LayerVersion[]): AttachedLayer[] {
  return layers.map((layer) => ({
    Arn: layer.arn,
    CodeSize: layer.code.size,
    UncompressedCodeSize: layer.code.size * 3,
  }));
}

/**
 * Finds the layer of a call by name or ARN, where it would be. Another account's is told by
 * {@link requireReadable}, which also refuses those that don't exist.
 */
export function locateLayer(call: Call, written: string): { account: string; region: string; name: string } {
  const reference = parseLayerName(written);
  return {
    account: reference.account ?? call.home.account,
    region: reference.region ?? call.home.region,
    name: reference.name,
  };
}

/** @throws AwsError `AccessDeniedException` for another account's layer version that isn't open to this caller. */
export function requireReadable(
  call: Call,
  plane: Plane,
  account: string,
  version: LayerVersion | undefined,
  arn: string,
): void {
  if (account === call.request.caller.accountId || readable(plane, call, version)) return;
  throw accessDenied(principalOf(call.request), 'GetLayerVersion', arn);
}

function readable(plane: Plane, call: Call, version: LayerVersion | undefined): boolean {
  const account = call.request.caller.accountId;
  return (version?.policy?.statements ?? []).some(({ Principal, Condition }) => {
    const organization = Condition?.['StringEquals']?.['aws:PrincipalOrgID'];
    if (organization !== undefined && organization !== plane.organizationId) return false;
    if (Principal === '*') return true;
    const principal = 'AWS' in Principal ? Principal.AWS : '';
    return principal === account || principal.split(':')[4] === account;
  });
}
