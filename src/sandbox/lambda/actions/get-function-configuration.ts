import { functionConfiguration } from '../function-configuration.ts';
import { addressFunction, requireFunction, requireVersion, tellingOf } from '../functions.ts';
import type { Action } from '../plane.ts';

export const getFunctionConfiguration: Action = {
  name: 'GetFunctionConfiguration',
  eventName: 'GetFunctionConfiguration20150331v2',
  readOnly: true,
  method: 'GET',
  path: '/2015-03-31/functions/{FunctionName}/configuration',
  run(call, plane) {
    const addressed = addressFunction(call, plane, 'GetFunctionConfiguration');
    const target = requireFunction(addressed);
    const version = requireVersion(target, addressed.qualifier);
    return {
      status: 200,
      body: functionConfiguration(target, version, tellingOf(call, plane, target, addressed.qualifier)),
    };
  },
};
