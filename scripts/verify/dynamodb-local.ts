import { join } from 'node:path';
import { root } from './command.ts';
import { installDynamoDbLocal } from './install.ts';
import { type Server, startServer } from './server.ts';

/** Amazon's DynamoDB Local, in memory and empty, on a free port of 127.0.0.1. Takes any credentials. */
export async function startDynamoDbLocal(): Promise<Server> {
  const jars = await installDynamoDbLocal();
  const program = join(root, 'test/referee/dynamodb-local/DynamoDbLocal.java');
  // Its natives lie beside the jars.
  const args = [`-Djava.library.path=${jars}`, '-cp', `${jars}/*`, program];
  return startServer('java', args, /^(\d+)$/m);
}
