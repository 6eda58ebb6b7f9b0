import { codeLocation, functionConfiguration } from '../function-configuration.ts';
import { addressFunction, requireFunction, requireVersion, tellingOf } from '../functions.ts';
import { type Action, occasionOf, principalOf } from '../plane.ts';

export const getFunction: Action = {
  name: 'GetFunction',
  eventName: 'GetFunction20150331v2',
  readOnly: true,
  method: 'GET',
  path: '/2015-03-31/functions/{FunctionName}',
  run(call, plane) {
    const addressed = addressFunction(call, plane, 'GetFunction');
    const target = requireFunction(addressed);
    const version = requireVersion(target, addressed.qualifier);
    const missing = plane.gatekeeper.missing(call.request, { action: 'lambda:ListTags', resource: target.arn });
    const unreadableTags =
      missing !== undefined || plane.faults.tagsUnreadable(occasionOf(call, 'GetFunction', target.name));
    return {
      status: 200,
      body: {
        Configuration: functionConfiguration(target, version, tellingOf(call, plane, target, addressed.qualifier)),
        Code: codeLocation(addressed.home, target, version.code),
        ...(unreadableTags
          ? {
              TagsError: {
                ErrorCode: 'AccessDeniedException',
                Message: listTagsDenied(principalOf(call.request), target.arn, missing),
              },
            }
          : target.tags.size === 0
            ? {}
            : { Tags: Object.fromEntries(target.tags) }),
        ...(target.reservedConcurrency === undefined
          ? {}
          : { Concurrency: { ReservedConcurrentExecutions: target.reservedConcurrency } }),
      },
    };
  },
};

/** What a caller reads who lacks `lambda:ListTags`. */
export function listTagsDenied(
  principal: string,
  arn: string,
  reason = 'because no identity-based policy allows the lambda:ListTags action',
): string {
  return `User: ${principal} is not authorized to perform: lambda:ListTags on resource: ${arn} ${reason}`;
}
