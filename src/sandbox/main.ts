import { runSandbox } from './command.ts';

process.exitCode = await runSandbox(process.argv.slice(2));
