import * as z from 'zod';
import { parseBody } from '../body.ts';
import { type Addressed, addressFunction, requireFunction, requireUnqualified } from '../functions.ts';
import type { Action, Call, Plane } from '../plane.ts';
import { invalidParameter } from '../refusals.ts';
import type { LambdaFunction } from '../state.ts';
import { accountConcurrency, unreservedMinimum } from './account-settings.ts';

export const putFunctionConcurrency: Action = {
  name: 'PutFunctionConcurrency',
  eventName: 'PutFunctionConcurrency20171031',
  readOnly: false,
  method: 'PUT',
  path: '/2017-10-31/functions/{FunctionName}/concurrency',
  run(call, plane) {
    const { ReservedConcurrentExecutions: wanted } = parseBody(
      call,
      z.object({ ReservedConcurrentExecutions: z.int().nonnegative() }),
    );
    const { home, target } = unqualified(call, plane, this.name);
    const reserved = home.reservedConcurrency - (target.reservedConcurrency ?? 0) + wanted;
    if (accountConcurrency - reserved < unreservedMinimum) {
      throw invalidParameter(
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
          `below its minimum value of [${unreservedMinimum}].`,
      );
    }
    home.reservedConcurrency = reserved;
    target.reservedConcurrency = wanted;
    return { status: 200, body: { ReservedConcurrentExecutions: wanted } };
  },
};

export const getFunctionConcurrency: Action = {
  name: 'GetFunctionConcurrency',
  eventName: 'GetFunctionConcurrency',
  readOnly: true,
  method: 'GET',
  path: '/2019-09-30/functions/{FunctionName}/concurrency',
  run(call, plane) {
    const { target } = unqualified(call, plane, this.name);
    const reserved = target.reservedConcurrency;
    return { status: 200, body: reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved } };
  },
};

export const deleteFunctionConcurrency: Action = {
  name: 'DeleteFunctionConcurrency',
  eventName: 'DeleteFunctionConcurrency20171031',
  readOnly: false,
  method: 'DELETE',
  path: '/2017-10-31/functions/{FunctionName}/concurrency',
  run(call, plane) {
    const { home, target } = unqualified(call, plane, this.name);
    home.reservedConcurrency -= target.reservedConcurrency ?? 0;
    target.reservedConcurrency = undefined;
    return { status: 204 };
  },
};

function unqualified(call: Call, plane: Plane, action: string): { home: Addressed['home']; target: LambdaFunction } {
  const addressed = addressFunction(call, plane, action);
  requireUnqualified(addressed);
  return { home: addressed.home, target: requireFunction(addressed) };
}
