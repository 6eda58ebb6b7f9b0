import type { Action } from '../plane.ts';

/** What a new account may run at once in a region, and what of it can't be reserved. */
export const accountConcurrency = 1000;
export const unreservedMinimum = 100;

export const getAccountSettings: Action = {
  name: 'GetAccountSettings',
  eventName: 'GetAccountSettings20160819',
  readOnly: true,
  method: 'GET',
  path: '/2016-08-19/account-settings',
  run({ home }) {
    return {
      status: 200,
      body: {
        AccountLimit: {
          TotalCodeSize: 80_530_636_800,
          CodeSizeUnzipped: 262_144_000,
          CodeSizeZipped: 52_428_800,
          ConcurrentExecutions: accountConcurrency,
          UnreservedConcurrentExecutions: accountConcurrency - home.reservedConcurrency,
        },
        AccountUsage: { TotalCodeSize: home.codeBytes, FunctionCount: home.functions.size },
      },
    };
  },
};
