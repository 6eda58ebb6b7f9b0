import { describe, expect, it } from 'vitest';
import { hubSettings, organizeSweepSettings, readSettings } from '../../../functions/settings.ts';
import { InvalidInput } from '../../../src/domain/errors.ts';

const environment = {
  LAYERWARD_TABLE_NAME: 'layerward-records',
  LAYERWARD_TOPIC_ARN: 'arn:aws:sns:us-east-1:111122223333:layerward-alerts',
  LAYERWARD_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/111122223333/changes',
  LAYERWARD_EVENT_BUS_NAME: 'default',
  LAYERWARD_APPCONFIG_APPLICATION: 'app',
  LAYERWARD_APPCONFIG_ENVIRONMENT: 'env',
  LAYERWARD_APPCONFIG_PROFILE: 'profile',
  LAYERWARD_OWN_ROLE_ARNS: 'arn:aws:iam::111122223333:role/a, arn:aws:iam::111122223333:role/b',
  LAYERWARD_OWN_FUNCTION_ARNS: 'arn:aws:lambda:us-east-1:111122223333:function:layerward-remediate',
};

function refusal(changed: Readonly<Record<string, string | undefined>>): string {
  try {
    readSettings(hubSettings, changed);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  throw new Error('the settings were read');
}

describe('the settings of the function', () => {
  it('are read once and typed', () => {
    expect(readSettings(hubSettings, { ...environment, PATH: '/bin' })).toEqual({
      ...environment,
      LAYERWARD_OWN_ROLE_ARNS: ['arn:aws:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b'],
      LAYERWARD_OWN_FUNCTION_ARNS: [environment.LAYERWARD_OWN_FUNCTION_ARNS],
      LAYERWARD_CALLS_PER_SECOND: 8,
      LAYERWARD_ORGANIZATION_ID: '',
      LOG_LEVEL: 'info',
    });
  });

  it('of what organizes sweeps have lists that may be empty, and regions that may not', () => {
    const settings = {
      LAYERWARD_TABLE_NAME: 'layerward-records',
      LAYERWARD_APPCONFIG_APPLICATION: 'app',
      LAYERWARD_APPCONFIG_ENVIRONMENT: 'env',
      LAYERWARD_APPCONFIG_PROFILE: 'profile',
      LAYERWARD_HUB_ACCOUNT_ID: '111122223333',
      LAYERWARD_ORGANIZATION_ID: '',
      LAYERWARD_ORGANIZATIONAL_UNIT_IDS: '',
      LAYERWARD_ADDITIONAL_ACCOUNT_IDS: '444455556666',
      LAYERWARD_REGIONS: 'us-east-1,eu-west-1',
    };
    expect(readSettings(organizeSweepSettings, settings)).toMatchObject({
      LAYERWARD_ORGANIZATIONAL_UNIT_IDS: [],
      LAYERWARD_ADDITIONAL_ACCOUNT_IDS: ['444455556666'],
      LAYERWARD_REGIONS: ['us-east-1', 'eu-west-1'],
    });
    expect(() => readSettings(organizeSweepSettings, { ...settings, LAYERWARD_REGIONS: '' })).toThrow(
      /LAYERWARD_REGIONS: /,
    );
  });

  it('that are missing are named all at once', () => {
    const words = refusal({});
    for (const name of Object.keys(environment)) expect(words).toContain(`${name}: `);
    expect(words).not.toContain('LOG_LEVEL');
  });

  it.each([
    ['LAYERWARD_TOPIC_ARN', 'alerts'],
    ['LAYERWARD_QUEUE_URL', 'changes'],
    ['LAYERWARD_TABLE_NAME', ''],
    ['LAYERWARD_OWN_ROLE_ARNS', ''],
    ['LAYERWARD_OWN_ROLE_ARNS', 'role/a,arn:aws:iam::111122223333:role/b'],
    ['LAYERWARD_CALLS_PER_SECOND', '20'],
    ['LOG_LEVEL', 'loud'],
  ])('are refused where %s is "%s", and the value is not repeated', (name, value) => {
    const words = refusal({ ...environment, [name]: value });
    expect(words).toMatch(new RegExp(`^the function's environment is not as template\\.yaml sets it: ${name}`));
    if (value.length > 3) expect(words).not.toContain(value);
  });
});
