import { DisableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { optIn, type Scene } from './scene.ts';
import { eventually, expect, expectSame, type Place, type Stage } from './stage.ts';

const chapter = 'An organization';
const workloads = 'ou-lw01-workload1';
const payments: Place = { accountId: '333344445555', region: 'eu-west-1' };
const orders: Place = { accountId: '222233334444', region: 'us-east-1' };
const legacy: Place = { accountId: '444455556666', region: 'us-east-1' };
const newcomer: Place = { accountId: '777788889999', region: 'eu-west-1' };

async function protectIn(stage: Stage, person: string, name: string): Promise<void> {
  await stage.create(person, name, { Tags: optIn });
  await stage.recorded(name, 'protected');
  const { accountId, region } = stage.place;
  const [layer = ''] = (await stage.see(name)).layers;
  expect(
    layer.includes(`:lambda:${region}:800880067056:`),
    `${name} of ${accountId} has the vendor's layer of ${region}`,
  );
}

/** What people see of an organization; each scene is played after the other, since sweeps look at everybody's functions. */
export const organizationScenes: readonly Scene[] = [
  {
    chapter,
    title: 'an account joins',
    async play(stage) {
      await stage.join({ accountId: newcomer.accountId, name: 'newcomer', organizationalUnit: workloads });
      await protectIn(stage.at(newcomer), 'nora', 'first');
      return 'its stack came by itself: protected';
    },
  },
  {
    chapter,
    title: 'a member removes protection',
    async play(stage) {
      const member = stage.at(payments);
      await protectIn(member, 'paul', 'invoices-eu');
      await member.change('paul', 'invoices-eu', { Layers: [] });
      const alert = await eventually('an alert names who changed invoices-eu', async () => {
        const alerts = (await stage.alerts()).filter(({ functionName }) => functionName === 'invoices-eu');
        return {
          value: alerts.find(({ status }) => status === 'protected'),
          seen: alerts.map(({ subject }) => subject).join(),
        };
      });
      expectSame(alert.actor, 'paul', 'the alert names paul');
      expectSame((await member.see('invoices-eu')).layers.length, 1, 'the layer is back');
      return `put back; the alert names ${alert.actor}`;
    },
  },
  {
    chapter,
    title: 'an account denies access',
    async play(stage) {
      await stage.at(legacy).create('leo', 'mainframe', { Tags: optIn });
      const { problems, places } = await stage.sweep();
      const named = problems.find(({ what }) => what.startsWith(`account ${legacy.accountId}`));
      expect(named?.problem.includes('does not let Layerward in') ?? false, 'the sweep names the account, and why');
      expect(places >= 8, 'all others were swept');
      expectSame((await stage.at(legacy).see('mainframe')).layers, [], 'its function is untouched');
      return `named by the sweep; ${places} others were swept`;
    },
  },
  {
    chapter,
    title: 'drift without an event, found by a sweep',
    async play(stage) {
      const member = stage.at(orders);
      await protectIn(member, 'olga', 'basket');
      await new EventBridgeClient(member.as('mallory')).send(
        new DisableRuleCommand({ Name: 'layerward-forward-changes' }),
      );
      await member.change('mallory', 'basket', { Layers: [] });
      await stage.sweep();
      await member.recorded(
        'basket',
        'protected',
        '',
        ({ action, cause }) => action === 'repaired' && cause.eventName === 'Sweep',
      );
      expectSame((await member.see('basket')).layers.length, 1, 'the layer is back');
      return 'mallory switched the rule off: still put back';
    },
  },
];
