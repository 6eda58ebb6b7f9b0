import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../functions/remediate/settings.ts';
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
    readSettings(changed);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  throw new Error('the settings were read');
}

describe('the settings of the function', () => {
  it('are read once and typed', () => {
    expect(readSettings({ ...environment, PATH: '/bin' })).toEqual({
      ...environment,
      LAYERWARD_OWN_ROLE_ARNS: ['arn:aws:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b'],
      LAYERWARD_OWN_FUNCTION_ARNS: [environment.LAYERWARD_OWN_FUNCTION_ARNS],
      LAYERWARD_CALLS_PER_SECOND: 8,
      LOG_LEVEL: 'info',
    });
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
    ['LAYERWARD_OWN_ROLE_ARNS', 'arn:aws:iam::111122223333:role/a,'],
    ['LAYERWARD_CALLS_PER_SECOND', '20'],
    ['LOG_LEVEL', 'loud'],
  ])('are refused where %s is "%s", and the value is not repeated', (name, value) => {
    const words = refusal({ ...environment, [name]: value });
    expect(words).toMatch(new RegExp(`^the function's environment is not as template\\.yaml sets it: ${name}`));
    if (value.length > 3) expect(words).not.toContain(value);
  });
});
