import { addressFunction, requireFunction, requireNoReplica } from '../functions.ts';
import type { Action } from '../plane.ts';
import { conflict, invalidParameter } from '../refusals.ts';

export const deleteFunction: Action = {
  name: 'DeleteFunction',
  eventName: 'DeleteFunction20150331',
  readOnly: false,
  method: 'DELETE',
  path: '/2015-03-31/functions/{FunctionName}',
  run(call, plane) {
    const addressed = addressFunction(call, plane, 'DeleteFunction');
    const { home, qualifier } = addressed;
    if (qualifier === '$LATEST') {
      throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
    }
    if (qualifier !== undefined && !/^\d+$/.test(qualifier)) {
      throw invalidParameter('Deletion of aliases is not currently supported.');
    }
    const target = requireFunction({ ...addressed, qualifier: undefined });
    requireNoReplica(call, plane, target, 'delete');
    if (qualifier !== undefined) {
      const pointing = [...target.aliases.values()].find((alias) => alias.functionVersion === qualifier);
      if (pointing !== undefined) {
        throw conflict(`Version ${qualifier} has aliases pointing to it: ${pointing.name}`);
      }
      home.codeBytes -= target.published.get(qualifier)?.code.size ?? 0;
      target.published.delete(qualifier);
      return { status: 204 };
    }
    home.functions.delete(target.name);
    home.tagged.delete(target.arn);
    home.reservedConcurrency -= target.reservedConcurrency ?? 0;
    home.codeBytes -= target.latest.code.size;
    for (const version of target.published.values()) home.codeBytes -= version.code.size;
    return { status: 204 };
  },
};
