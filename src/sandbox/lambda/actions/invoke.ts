import { AwsError } from '../../api.ts';
import { addressFunction, requireFunction, requireVersion } from '../functions.ts';
import type { Action } from '../plane.ts';

/** Refused for every function: the sandbox keeps no code that it could run. A data event, so not recorded. */
export const invoke: Action = {
  name: 'Invoke',
  eventName: undefined,
  readOnly: false,
  method: 'POST',
  path: '/2015-03-31/functions/{FunctionName}/invocations',
  run(call, plane) {
    const addressed = addressFunction(call, plane, this.name);
    const target = requireFunction(addressed);
    requireVersion(target, addressed.qualifier);
    throw new AwsError(
      'NotImplementedException',
      501,
      `The sandbox has no data plane: it holds the configuration of ${target.arn} and can't run it. ` +
        'Invoke it on AWS, or run its code by hand.',
      { members: { Type: 'Service' } },
    );
  },
};
