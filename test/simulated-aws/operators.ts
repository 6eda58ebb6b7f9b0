import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { SecretValue, Versioned } from './configuration-model.ts';
import type { Secrets } from './expectation.ts';
import type { Hub } from './hub.ts';
import { type Network, type Service, services } from './network.ts';
import { type AccountFacts, type Accounts, memberAccountIds, units } from './organization-model.ts';
import { type PolicyFacts, plainPolicy, policyChanges, secretNames } from './policy-facts.ts';
import type { QueueModel } from './queue-model.ts';
import type { Script } from './script.ts';
import type { Story } from './story.ts';
import type { Trail } from './trail.ts';

/** What people in the hub do, and what AWS has coming: one of these each time. */
export type Turn = (id: string, random: Random) => void;

/** What the operators have to do with. */
export interface OperatorsOptions {
  readonly scheduler: Scheduler;
  readonly script: Script;
  readonly story: Story;
  readonly hub: Hub;
  readonly queue: QueueModel;
  readonly network: Network;
  readonly trail: Trail;
  readonly policy: Versioned<PolicyFacts>;
  readonly secrets: Versioned<Secrets>;
  readonly accounts: Versioned<Accounts>;
  /** The probability that an accepted update fails. */
  readonly setFailing: (probability: number) => void;
}

/** Everything that is not about one function. */
export function createOperators(options: OperatorsOptions): readonly [Turn, ...Turn[]] {
  const { scheduler, script, story, hub, queue, network, trail, policy, secrets, accounts } = options;
  const { weather } = network;
  const sweepAfter = (id: string, input: unknown) => {
    // The event that starts a sweep may be lost as any other.
    if (!script.happens(`lose ${id}`, trail.weather.losing, `the event of ${id} is lost`))
      scheduler.after(2_000, () => hub.startSweep(`sweep-${id}`, input));
  };
  const setSecret = (id: string, name: string, value: SecretValue, what: string) => {
    secrets.set({ ...secrets.current(), [name]: value });
    story.tell('', `the secret ${name} ${what}`);
    sweepAfter(id, rotationEvent(name));
  };
  const setAccount = (accountId: string, change: Partial<Accounts[string]>, what: string) => {
    const known = accounts.current()[accountId];
    if (!known) return;
    accounts.set({ ...accounts.current(), [accountId]: { ...known, ...change } });
    story.tell('', `account ${accountId} ${what}`);
  };

  return [
    function rotate(id, random) {
      setSecret(id, random.pick(secretNames as [string, ...string[]]), credentialsOf(id), 'has new credentials');
    },
    function loseSecret(id, random) {
      if (!random.chance(0.3)) return;
      const name = random.pick(secretNames as [string, ...string[]]);
      const value = random.pick([undefined, 'malformed'] as const);
      setSecret(id, name, value, value ? 'holds nothing that can be used' : 'is deleted');
      scheduler.after(random.between(60_000, 900_000), () =>
        setSecret(`${id}-back`, name, credentialsOf(`${id}-back`), 'is put right'),
      );
    },
    function changePolicy(id, random) {
      if (!random.chance(0.5)) return;
      const change = random.pick(policyChanges);
      policy.set({ ...plainPolicy, ...change });
      story.tell('', `the policy says ${JSON.stringify(change)} from now on`);
      sweepAfter(id, { source: 'aws.appconfig', 'detail-type': 'On Deployment Complete' });
      if (change.isBroken)
        scheduler.after(random.between(60_000, 600_000), () => {
          if (!policy.current().isBroken) return;
          policy.set(plainPolicy);
          story.tell('', 'the policy is put right');
          sweepAfter(`${id}-back`, { source: 'aws.appconfig', 'detail-type': 'On Deployment Complete' });
        });
    },
    function sweep(id) {
      hub.startSweep(`sweep-${id}`, { reason: 'schedule' });
    },
    function register() {
      hub.register();
    },
    function redrive() {
      story.tell('', 'on-call redrives the dead letters');
      queue.redrive();
      hub.wake();
    },
    function moveAccount(_, random) {
      setAccount(random.pick(memberAccountIds), { unit: random.pick(units) }, 'is moved to another unit');
    },
    function closeAccount(_, random) {
      if (!random.chance(0.5)) return;
      const accountId = random.pick(memberAccountIds);
      const change = random.pick<Partial<AccountFacts>>([
        { letsUsIn: false },
        { isActive: false },
        { unit: undefined },
      ]);
      setAccount(accountId, change, `is closed to Layerward: ${JSON.stringify(change)}`);
      scheduler.after(random.between(30_000, 1_800_000), () =>
        setAccount(accountId, { letsUsIn: true, isActive: true, unit: units[1] }, 'is open again'),
      );
    },
    function changeWeather(_, random) {
      const level = random.pick([0, 0, 0, 0.003, 0.01, 0.05]);
      weather.failing = level;
      weather.losing = random.pick([0, level]);
      weather.late = random.pick([0, level / 2]);
      weather.hanging = random.pick([0, 0, level / 5]);
      weather.slow = random.pick([0, level]);
      hub.killing = random.pick([0, 0, 0.02, 0.1, 0.3]);
      options.setFailing(random.pick([0, 0, 0.05]));
    },
    function breakDown(id, random) {
      if (!random.chance(0.4)) return;
      const service = random.pick(services as readonly [Service, ...Service[]]);
      weather.down.add(service);
      story.tell('', `${service} does not answer for a while (${id})`);
      scheduler.after(random.between(5_000, 240_000), () => {
        weather.down.delete(service);
        story.tell('', `${service} answers again`);
      });
    },
  ];
}

/** Credentials that no output may ever show. */
export function credentialsOf(id: string) {
  return { key: `planted-key-${id}`, secret: `planted-secret-${id}` };
}

/** What starts a sweep where a secret has a new value. */
export function rotationEvent(secretId: string) {
  return {
    source: 'aws.secretsmanager',
    'detail-type': 'AWS API Call via CloudTrail',
    detail: { eventName: 'PutSecretValue', requestParameters: { secretId } },
  };
}
