import { expect, it } from 'vitest';
import { targetInput } from '../../../src/sandbox/target-input.ts';

const event = {
  version: '0' as const,
  id: 'e-1',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.secretsmanager',
  account: '111122223333',
  time: '2026-11-01T00:00:00Z',
  region: 'us-east-1',
  resources: ['arn:a'],
  detail: { requestParameters: { secretId: 'layerward/"groups"' }, n: 1, list: [1] },
};
const rule = 'arn:aws:events:us-east-1:111122223333:rule/rotation';
const target = { Id: 'x', Arn: 'y' };
const paths = {
  secret: '$.detail.requestParameters.secretId',
  n: '$.detail.n',
  list: '$.detail.list',
  no: '$.detail.no',
};

it.each<[string, object, unknown]>([
  ['the event', {}, event],
  ['a constant', { Input: '{"a":1}' }, { a: 1 }],
  ['a part of the event', { InputPath: '$.detail.list' }, [1]],
  [
    'a template with values in quotation marks and without',
    {
      InputTransformer: {
        InputPathsMap: paths,
        InputTemplate: '{"names": ["<secret>"], "n": <n>, "l": <list>, "s": <secret>}',
      },
    },
    { names: ['layerward/"groups"'], n: 1, l: [1], s: 'layerward/"groups"' },
  ],
  [
    'a template with what EventBridge knows itself',
    { InputTransformer: { InputTemplate: '{"rule": "<aws.events.rule-name>", "event": <aws.events.event.json>}' } },
    { rule: 'rotation', event },
  ],
  [
    'a template with a value that there is not',
    { InputTransformer: { InputPathsMap: paths, InputTemplate: '"-<no>-"' } },
    '--',
  ],
])('a target gets %s', (_what, fields, expected) => {
  expect(JSON.parse(targetInput({ ...target, ...fields }, rule, event))).toEqual(expected);
});
