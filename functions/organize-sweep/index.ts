import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import middy from '@middy/core';
import { createDynamoDbAccounts } from '../../src/aws/dynamodb-accounts.ts';
import { createDynamoDbRecords } from '../../src/aws/dynamodb-records.ts';
import { createAwsOrganization } from '../../src/aws/organizations.ts';
import { userAgent } from '../../src/aws/user-agent.ts';
import { createOrganizeSweep } from '../../src/service/organize-sweep.ts';
import { openPolicies } from '../policies.ts';
import { organizeSweepSettings, readSettings } from '../settings.ts';
import { createLog, createMetrics } from '../telling.ts';
import { readStep } from './step.ts';

const settings = readSettings(organizeSweepSettings, process.env);
const now = () => new Date();
const dynamoDb = new DynamoDBClient({ customUserAgent: userAgent });
const { metrics, publish } = createMetrics();

const organizeSweep = createOrganizeSweep({
  hubAccountId: settings.LAYERWARD_HUB_ACCOUNT_ID,
  regions: settings.LAYERWARD_REGIONS,
  memberUnits: settings.LAYERWARD_ORGANIZATIONAL_UNIT_IDS,
  additionalAccountIds: settings.LAYERWARD_ADDITIONAL_ACCOUNT_IDS,
  organization:
    settings.LAYERWARD_ORGANIZATION_ID === ''
      ? undefined
      : createAwsOrganization(new OrganizationsClient({ customUserAgent: userAgent })),
  register: createDynamoDbAccounts(dynamoDb, settings.LAYERWARD_TABLE_NAME, now),
  policies: openPolicies(settings, now),
  records: createDynamoDbRecords(dynamoDb, settings.LAYERWARD_TABLE_NAME),
  metrics,
  log: createLog(settings.LOG_LEVEL),
  now,
});

async function organize(event: unknown): Promise<unknown> {
  const step = readStep(event);
  switch (step.step) {
    case 'plan':
      return organizeSweep.plan(step);
    case 'note-crash':
      return organizeSweep.noteCrash(step.task, step.error);
    case 'summarize':
      return organizeSweep.summarize(step.sweepId);
    case 'register':
      return organizeSweep.register();
  }
}

/** The steps of a sweep around the sweeping itself: which accounts, what went wrong, what was found. */
export const handler = middy(organize).use({ after: publish, onError: publish });
