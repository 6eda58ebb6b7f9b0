import * as z from 'zod';
import { stackArn } from '../cloudformation/stack-arn.ts';
import { DEFAULT_SERVICE_TIMEOUT_SECONDS } from '../custom-resources.ts';
import { count, type Deployer, text } from './context.ts';

/** `AWS::CloudFormation::CustomResource` and `Custom::…`: a function makes it, and takes it away again. */
export const deployCustomResource: Deployer = async ({ customResources, stack }, logicalId, properties, type) => {
  const given = z.looseObject({ ServiceToken: text, ServiceTimeout: count.optional() }).parse(properties);
  const request = {
    serviceToken: given.ServiceToken,
    stackId: stackArn(stack),
    logicalId,
    type,
    properties: asTexts(given),
    timeoutSeconds: given.ServiceTimeout ?? DEFAULT_SERVICE_TIMEOUT_SECONDS,
  };
  const { physicalId, data } = await customResources.request({ ...request, requestType: 'Create' });
  return {
    ref: physicalId,
    attributes: data,
    remove: async () => {
      await customResources.request({ ...request, requestType: 'Delete', physicalId });
    },
  };
};

/** CloudFormation turns numbers and truth values of custom resources into text. */
function asTexts(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const convert = (one: unknown): unknown => {
    if (Array.isArray(one)) {
      return one.map(convert);
    }
    return typeof one === 'object' && one !== null
      ? Object.fromEntries(Object.entries(one).map(([key, member]) => [key, convert(member)]))
      : String(one);
  };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, convert(member)]));
}
