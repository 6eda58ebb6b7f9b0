import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbAccounts } from '../../../src/aws/dynamodb-accounts.ts';
import { createDynamoDbDeployment } from '../../../src/aws/dynamodb-deployment.ts';
import { createDynamoDbFairShare } from '../../../src/aws/dynamodb-fair-share.ts';
import type { Account } from '../../../src/domain/ports.ts';
import {
  jsonError,
  type StandIn,
  standInOptions,
  startStandIn,
  type WireAnswer,
  type WireRequest,
} from '../../fixtures/stand-in.ts';

let standIn: StandIn;
let client: DynamoDBClient;
beforeAll(async () => {
  standIn = await startStandIn();
  client = new DynamoDBClient(standInOptions(standIn));
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => {
  client.destroy();
  return standIn.stop();
});

const accountId = '222233334444';
const account: Account = { accountId, name: 'orders', isActive: true, organizationalUnits: ['r-1'] };
const item = marshall({
  pk: 'accounts',
  sk: accountId,
  accountName: 'orders',
  isActive: true,
  organizationalUnits: [],
});
const functionArn = `arn:aws:lambda:eu-west-1:${accountId}:function:orders`;
const quarter = { accountId, region: 'eu-west-1' };
const accounts = () => createDynamoDbAccounts(client, 'records', () => new Date(0));
const deployment = () => createDynamoDbDeployment(client, 'records');
const share = () => createDynamoDbFairShare(client, 'records', { callsPerSecond: 8, now: () => new Date(0) });

/** Every call of the table: how it is made, the action that is refused, and what it is for. */
const everyCall: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  ['GetItem', () => accounts().unitsOf(accountId), `reading where account ${accountId} is in the organization`],
  ['Query', () => accounts().replace([account]), 'reading the register of accounts'],
  ['PutItem', () => accounts().replace([account]), `writing where account ${accountId} is in the organization`],
  ['PutItem', () => accounts().replace([]), `writing where account ${accountId} is in the organization`],
  ['PutItem', () => deployment().markEnding(), 'marking this deployment as ending'],
  ['GetItem', () => deployment().isEnding(), 'asking whether this deployment is ending'],
  ['UpdateItem', () => share().reserve(quarter), `reserving a turn for ${accountId} in eu-west-1`],
  ['UpdateItem', () => share().slowDown(quarter, 1), `reserving a turn for ${accountId} in eu-west-1`],
  ['GetItem', () => share().waitingUntil(functionArn), `asking whether a look at ${functionArn} waits for its turn`],
  [
    'PutItem',
    () => share().noteWaiting(functionArn, new Date(1)),
    `noting that a look at ${functionArn} waits for its turn`,
  ],
];

const actionOf = ({ headers }: WireRequest) => String(headers['x-amz-target']).split('.')[1];
const failAt = (action: string, failure: WireAnswer) =>
  standIn.answer((request) => {
    if (actionOf(request) === action) return failure;
    return { body: actionOf(request) === 'Query' ? { Items: [item] } : {} };
  });

describe.each(everyCall)('a refused %s', (action, call, doing) => {
  it.each([
    ['ProvisionedThroughputExceededException', 400, { name: 'Throttled', retryable: true }],
    ['ThrottlingException', 400, { name: 'Throttled', retryable: true }],
    ['AccessDeniedException', 400, { name: 'AccessDenied', retryable: false }],
    ['InternalServerError', 500, { name: 'ServiceUnavailable', retryable: true }],
    ['ValidationException', 400, { name: 'InvalidInput', retryable: false }],
  ])(`of ${doing} is an error of ours that says so: %s`, async (name, status, expected) => {
    failAt(action, jsonError(name, 'AWS’s own words', status));
    const error = await call().catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain(`${doing} failed: ${name}: AWS’s own words`);
    expect(actionOf(standIn.requests.at(-1) ?? expect.fail('nothing was asked'))).toBe(action);
  });

  it(`of ${doing} passes where nobody answers`, async () => {
    standIn.hangUp();
    await expect(call()).rejects.toMatchObject({ name: 'ServiceUnavailable', retryable: true });
  });
});

describe('an account in the register', () => {
  it.each([
    ['without its units', { accountName: 'orders', isActive: true }],
    ['with a text for its units', { accountName: 'orders', isActive: true, organizationalUnits: 'r-1' }],
    ['without anything', {}],
  ])('%s is an error of ours that names it', async (_, attributes) => {
    standIn.answer({ body: { Item: marshall({ pk: 'accounts', sk: accountId, ...attributes }) } });
    const error = await accounts()
      .unitsOf(accountId)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'InvalidInput', code: 'invalid-input' });
    expect(String(error)).toContain(accountId);
  });

  it('that can’t be read is replaced by one that can', async () => {
    standIn.answer(({ headers }) =>
      String(headers['x-amz-target']).endsWith('.Query')
        ? { body: { Items: [marshall({ pk: 'accounts', sk: accountId })] } }
        : { body: {} },
    );
    expect(await accounts().replace([account])).toBe(1);
    expect(standIn.sent()).toMatchObject({ Item: { sk: { S: accountId }, accountName: { S: 'orders' } } });
  });
});
