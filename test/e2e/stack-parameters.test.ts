import { UntagResourceCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import { HUB_ACCOUNT, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage } from '../../src/sandbox/tour/stage.ts';

/*
 * What the template makes of its parameters: stacks in the right places, and a sentence for what can't work.
 */

const management = '999988887777';
const organization = {
  OrganizationId: 'o-layerward01',
  OrganizationalUnitIds: 'ou-lw01-workload1',
  Regions: 'us-east-1',
};

const quick = { deliveryMs: 1, pendingMs: 5, updateMs: 5 };

/** Deploys the template, and answers the stacks that it made elsewhere. */
async function deploy(options: SandboxOptions): Promise<string[]> {
  const sandbox = await startSandbox({ timings: { deliveryMs: 1 }, ...options });
  try {
    return sandbox
      .stackInstances()
      .map(({ stackSetName, accountId, region }) => `${stackSetName} ${accountId} ${region}`);
  } finally {
    await sandbox.stop();
  }
}

describe('the stack', () => {
  it('is for one account and region without any parameter', async () => {
    expect(await deploy({})).toEqual([]);
  });

  it('is for one account in several regions, without an organization', async () => {
    expect(await deploy({ parameters: { Regions: 'us-east-1,eu-west-1,ap-south-1' } })).toEqual(
      ['us-east-1', 'eu-west-1', 'ap-south-1'].map((region) => `layerward-hub-regions ${HUB_ACCOUNT} ${region}`),
    );
  });

  it('is for the accounts of some units, and for the hub’s own other regions', async () => {
    const stacks = await deploy({
      organization: true,
      parameters: { ...organization, Regions: 'us-east-1,eu-west-1' },
    });
    expect(stacks.sort()).toEqual(
      [
        'layerward-hub-regions 111122223333',
        'layerward-members 222233334444',
        'layerward-members 333344445555',
      ].flatMap((place) => [`${place} eu-west-1`, `${place} us-east-1`]),
    );
  });

  it('reaches the hub’s account by both stack sets where its unit is named, and they don’t get in each other’s way', async () => {
    const stacks = await deploy({
      organization: true,
      parameters: { ...organization, OrganizationalUnitIds: 'r-lw01', Regions: 'us-east-1,eu-west-1' },
    });
    expect(stacks).toContain(`layerward-members ${HUB_ACCOUNT} eu-west-1`);
    expect(stacks).toContain(`layerward-hub-regions ${HUB_ACCOUNT} eu-west-1`);
    expect(stacks.filter((place) => place.includes(management))).toEqual([]);
  });

  it('in the management account itself looks after it, and after the members', async () => {
    const ofHub = { ...EXAMPLE_ORGANIZATION, managementAccountId: HUB_ACCOUNT, delegatedAdministrators: [] };
    const sandbox = await startSandbox({
      organization: { ...ofHub, accounts: ofHub.accounts.filter(({ accountId }) => accountId !== management) },
      parameters: { ...organization, Regions: 'us-east-1,eu-west-1', DeployedIn: 'management-account' },
      timings: quick,
    });
    try {
      const stage = await openStage(sandbox);
      for (const accountId of [HUB_ACCOUNT, '222233334444']) {
        const place = stage.at({ accountId, region: 'eu-west-1' });
        await place.create('mia', 'orders', { Tags: { 'layerward:protect': 'on' } });
        await place.recorded('orders', 'protected');
      }
      expect(await stage.sweep()).toMatchObject({ counts: { protected: 2 } });
    } finally {
      await sandbox.stop();
    }
  });

  it('with RequireOptInTag can’t touch a member’s function without the tag, not even to give it back', async () => {
    const sandbox = await startSandbox({
      organization: true,
      parameters: { ...organization, RequireOptInTag: 'true' },
      timings: quick,
    });
    try {
      const stage = await openStage(sandbox);
      const place = stage.at({ accountId: '222233334444', region: 'us-east-1' });
      await place.create('mia', 'orders', { Tags: { 'layerward:protect': 'on' } });
      await place.recorded('orders', 'protected');
      const untag = { Resource: place.functionArn('orders'), TagKeys: ['layerward:protect'] };
      await place.lambda('mia').send(new UntagResourceCommand(untag));
      const { detail, attachment } = await place.recorded('orders', 'blocked', 'aws-refused');
      expect(detail).toMatch(/AccessDenied.*lambda:UpdateFunctionConfiguration/);
      expect(attachment).toBeDefined();
      expect((await place.see('orders')).layers).toHaveLength(1);
    } finally {
      await sandbox.stop();
    }
  });

  it('for one account in several regions hears of each of them, and sweeps them', async () => {
    const sandbox = await startSandbox({ parameters: { Regions: 'us-east-1,eu-west-1' }, timings: quick });
    try {
      const stage = await openStage(sandbox);
      const place = stage.at({ accountId: HUB_ACCOUNT, region: 'eu-west-1' });
      await place.create('mia', 'orders', { Tags: { 'layerward:protect': 'on' } });
      await place.recorded('orders', 'protected');
      expect(await stage.sweep()).toMatchObject({ places: 2, counts: { protected: 1 }, problems: [] });
    } finally {
      await sandbox.stop();
    }
  });

  it.each([
    [
      'no units',
      { ...organization, OrganizationalUnitIds: '' },
      /not whom: name organizational units in OrganizationalUnitIds/,
    ],
    ['no regions', { ...organization, Regions: '' }, /in the regions that Regions names, and it names none/],
    ['units alone', { OrganizationalUnitIds: 'r-lw01' }, /OrganizationalUnitIds is of use only with OrganizationId/],
    ['accounts alone', { AdditionalAccountIds: management }, /AdditionalAccountIds is of use only with OrganizationId/],
    ['a trail alone', { CreateOrganizationTrail: 'true' }, /CreateOrganizationTrail needs OrganizationId/],
    ['a condition for nobody', { RequireOptInTag: 'true' }, /RequireOptInTag is about the members of an organization/],
    ['no organization’s id', { ...organization, OrganizationId: 'mine' }, /must be the id of an organization/],
    ['no rate', { SweepSchedule: '6 hours' }, /must be a rate or cron expression/],
    [
      'the wrong account for it',
      { ...organization, DeployedIn: 'management-account' },
      /delegated administrator|management account/,
    ],
  ])('refuses %s, with a sentence', async (_, parameters, sentence) => {
    await expect(
      deploy({
        organization: true,
        parameters: { OrganizationalUnitIds: '', Regions: '', OrganizationId: '', ...parameters },
      }),
    ).rejects.toThrow(sentence);
  });
});
