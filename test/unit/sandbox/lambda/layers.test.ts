import type {
  AddLayerVersionPermissionResponse,
  GetLayerVersionResponse,
  ListLayersResponse,
  ListLayerVersionsResponse,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { account, createTestAccount, otherAccount, region, zip } from './account.ts';

const vendor = '800880067056';

describe('layers on functions', () => {
  it('refuses a sixth', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const layers: string[] = [];
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) layers.push(await aws.publishLayer(name));
    expect(await aws.refusedUpdate('orders', { Layers: layers })).toMatchObject({
      code: 'InvalidParameterValueException',
      message: 'Cannot reference more than 5 layers.',
    });
    await aws.update('orders', { Layers: layers.slice(1) });
    expect((await aws.configuration('orders')).Layers).toHaveLength(5);
  });

  it('refuses two versions of one layer, and the same version twice', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const [one, two] = [await aws.publishLayer('tracing'), await aws.publishLayer('tracing')];
    for (const Layers of [
      [one, two],
      [one, one],
    ]) {
      expect(await aws.refusedUpdate('orders', { Layers })).toMatchObject({
        code: 'InvalidParameterValueException',
        message:
          'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${Layers[0]} and ${Layers[1]} are versions of the same layer.`,
      });
    }
  });

  it('refuses layers that are not there, of another region, or no ARNs of versions', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const refused = (arn: string) => aws.refusedUpdate('orders', { Layers: [arn] });
    expect(await refused(`arn:aws:lambda:${region}:${account}:layer:tracing:1`)).toMatchObject({
      code: 'InvalidParameterValueException',
      message: `Layer version arn:aws:lambda:${region}:${account}:layer:tracing:1 does not exist.`,
    });
    expect(await refused(`arn:aws:lambda:us-east-1:${account}:layer:tracing:1`)).toMatchObject({
      message: `Layers are not in the same region as the function. Layers are expected to be in region ${region}.`,
    });
    expect(await refused(`arn:aws:lambda:${region}:${account}:layer:tracing`)).toMatchObject({
      code: 'ValidationException',
    });
  });

  it("uses another account's layer only as its policy allows", async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const open = aws.lambda.publishVendorLayer({ account: vendor, region, name: 'agent', version: 3 });
    const closed = aws.lambda.publishVendorLayer({ account: vendor, region, name: 'beta', openTo: 'nobody' });
    expect(open).toBe(`arn:aws:lambda:${region}:${vendor}:layer:agent:3`);
    await aws.update('orders', { Layers: [open] });
    aws.settle();
    for (const arn of [closed, `arn:aws:lambda:${region}:${vendor}:layer:agent:4`]) {
      expect(await aws.refusedUpdate('orders', { Layers: [arn] })).toMatchObject({
        code: 'AccessDeniedException',
        status: 403,
        message:
          `User: arn:aws:iam::${account}:user/jane is not authorized to perform: lambda:GetLayerVersion on resource: ` +
          `${arn} because no resource-based policy allows the lambda:GetLayerVersion action`,
      });
    }
    expect((await aws.configuration('orders')).Layers).toMatchObject([{ Arn: open }]);
  });

  it('opens a layer to one account, or to an organization, by permission', async () => {
    const aws = createTestAccount({ organizationId: 'o-exampleorg1' });
    const theirs = { account: otherAccount };
    const layer = await aws.publishLayer('shared', theirs);
    await aws.active('orders');
    expect(await aws.refusedUpdate('orders', { Layers: [layer] })).toMatchObject({ status: 403 });
    const policy = '/2018-10-31/layers/shared/versions/1/policy';
    const grant = { StatementId: 'one', Action: 'lambda:GetLayerVersion', Principal: account };
    await aws.call('POST', policy, { ...theirs, body: grant });
    await aws.update('orders', { Layers: [layer] });
    aws.settle();
    await aws.call('DELETE', `${policy}/one`, theirs);
    expect(await aws.refusedUpdate('orders', { Layers: [layer] })).toMatchObject({ status: 403 });
    const foreign = { ...grant, StatementId: 'org', Principal: '*', OrganizationId: 'o-someoneelse' };
    await aws.call('POST', policy, { ...theirs, body: foreign });
    expect(await aws.refusedUpdate('orders', { Layers: [layer] })).toMatchObject({ status: 403 });
    const ours = { ...foreign, StatementId: 'ours', OrganizationId: 'o-exampleorg1' };
    await aws.call('POST', policy, { ...theirs, body: ours });
    await aws.update('orders', { Layers: [layer] });
  });

  it('lets layers through that do not suit runtime or architecture', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Architectures: ['arm64'] });
    const options = { compatibleRuntimes: ['python3.8'], compatibleArchitectures: ['x86_64'] };
    const layer = aws.lambda.publishVendorLayer({ account: vendor, region, name: 'agent', ...options });
    await aws.update('orders', { Layers: [layer] });
    expect((await aws.configuration('orders')).Layers).toHaveLength(1);
  });

  it('keeps a deleted version where it is attached, and attaches it nowhere anew', async () => {
    const aws = createTestAccount();
    const layer = await aws.publishLayer('tracing');
    await aws.active('orders', { Layers: [layer] });
    await aws.active('bills');
    await aws.call('DELETE', '/2018-10-31/layers/tracing/versions/1');
    expect((await aws.configuration('orders')).Layers).toMatchObject([{ Arn: layer }]);
    expect(await aws.refusedUpdate('bills', { Layers: [layer] })).toMatchObject({
      message: `Layer version ${layer} does not exist.`,
    });
    expect(await aws.publishLayer('tracing')).toBe(`arn:aws:lambda:${region}:${account}:layer:tracing:2`);
  });
});

describe('layers themselves', () => {
  it('are told by name, by ARN and in lists, newest first', async () => {
    const aws = createTestAccount();
    const body = { Content: { ZipFile: zip }, CompatibleRuntimes: ['python3.8'], Description: 'traces' };
    await aws.call('POST', '/2018-10-31/layers/tracing/versions', { body });
    const second = await aws.publishLayer('tracing');
    const path = '/2018-10-31/layers/tracing/versions';
    const first = await aws.call<GetLayerVersionResponse>('GET', `${path}/1`);
    expect(first).toMatchObject({ Version: 1, Description: 'traces', CompatibleRuntimes: ['python3.8'] });
    expect(first.Content?.CodeSize).toBe(Buffer.from(zip, 'base64').length);
    const query = { find: 'LayerVersion', Arn: second };
    const byArn = await aws.call<GetLayerVersionResponse>('GET', '/2018-10-31/layers', { query });
    expect(byArn).toMatchObject({ LayerVersionArn: second, Version: 2 });
    const { LayerVersions } = await aws.call<ListLayerVersionsResponse>('GET', path);
    expect(LayerVersions?.map((each) => each.Version)).toEqual([2, 1]);
    const { Layers } = await aws.call<ListLayersResponse>('GET', '/2018-10-31/layers');
    expect(Layers).toMatchObject([{ LayerName: 'tracing', LatestMatchingVersion: { Version: 2 } }]);
    const fitting = { query: { CompatibleRuntime: 'python3.8' } };
    const filtered = await aws.call<ListLayersResponse>('GET', '/2018-10-31/layers', fitting);
    expect(filtered.Layers).toMatchObject([{ LatestMatchingVersion: { Version: 1 } }]);
  });

  it('are not found, or refused, where they are not', async () => {
    const aws = createTestAccount();
    const get = (name: string, version: number) =>
      aws.refusal('GET', `/2018-10-31/layers/${encodeURIComponent(name)}/versions/${version}`);
    expect(await get('tracing', 1)).toMatchObject({ code: 'ResourceNotFoundException', status: 404 });
    expect(await get('tracing', 0)).toMatchObject({ message: 'Layer Version Cannot be less than 1' });
    expect(await get(`arn:aws:lambda:${region}:${vendor}:layer:agent`, 1)).toMatchObject({ status: 403 });
    const ofVendor = encodeURIComponent(`arn:aws:lambda:${region}:${vendor}:layer:agent`);
    expect(await aws.refusal('GET', `/2018-10-31/layers/${ofVendor}/versions`)).toMatchObject({ status: 403 });
  });

  it('have policies with revisions', async () => {
    const aws = createTestAccount();
    await aws.publishLayer('shared');
    const path = '/2018-10-31/layers/shared/versions/1/policy';
    expect(await aws.refusal('GET', path)).toMatchObject({ status: 404 });
    const body = { StatementId: 's1', Action: 'lambda:GetLayerVersion', Principal: '*' };
    const added = await aws.call<AddLayerVersionPermissionResponse>('POST', path, { body });
    expect(JSON.parse(added.Statement ?? '')).toMatchObject({ Sid: 's1', Principal: '*' });
    expect(await aws.refusal('POST', path, { body })).toMatchObject({ code: 'ResourceConflictException' });
    const stale = { body: { ...body, StatementId: 's2' }, query: { RevisionId: 'stale' } };
    expect(await aws.refusal('POST', path, stale)).toMatchObject({ status: 412 });
    const wrong = { body: { ...body, Action: '*' } };
    expect(await aws.refusal('POST', path, wrong)).toMatchObject({ code: 'ValidationException' });
  });
});

describe('code signing', () => {
  const profile = 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/test';

  it('refuses unsigned layers where it enforces, and only warns where it warns', async () => {
    const aws = createTestAccount();
    const config = async (policy: string) => {
      const body = {
        AllowedPublishers: { SigningProfileVersionArns: [profile] },
        CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy },
      };
      const made = await aws.call<{ CodeSigningConfig: { CodeSigningConfigArn: string } }>(
        'POST',
        '/2020-04-22/code-signing-configs',
        { body },
      );
      return made.CodeSigningConfig.CodeSigningConfigArn;
    };
    const unsigned = aws.lambda.publishVendorLayer({ account: vendor, region, name: 'agent' });
    const signed = aws.lambda.publishVendorLayer({ account: vendor, region, name: 'sealed', signed: true });
    await aws.active('strict', { CodeSigningConfigArn: await config('Enforce') });
    await aws.active('lenient', { CodeSigningConfigArn: await config('Warn') });

    expect(await aws.refusedUpdate('strict', { Layers: [signed, unsigned] })).toMatchObject({
      code: 'CodeVerificationFailedException',
      status: 400,
    });
    await aws.update('lenient', { Layers: [unsigned] });
    await aws.update('strict', { Layers: [signed] });
    aws.settle();
    aws.faults({ signedLayers: [`arn:aws:lambda:*:${vendor}:layer:agent:*`] });
    await aws.update('strict', { Layers: [signed, unsigned] });
    aws.settle();
    aws.faults({});
    await aws.update('strict', { Timeout: 9 });
  });

  it('is put on a function and taken off, and refuses what does not exist', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const path = '/2020-06-30/functions/orders/code-signing-config';
    expect(await aws.call('GET', path)).toEqual({});
    const missing = `arn:aws:lambda:${region}:${account}:code-signing-config:csc-00000000000000000`;
    expect(await aws.refusal('PUT', path, { body: { CodeSigningConfigArn: missing } })).toMatchObject({
      code: 'CodeSigningConfigNotFoundException',
      status: 404,
    });
  });
});
