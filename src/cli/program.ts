import { Command, Help, type Option } from 'commander';
import { version } from '../domain/version.ts';
import type { ExitCode } from './exit-code.ts';
import { paint, safe, width } from './printing.ts';

/** Makes a command; it says by `finish` how it ended. */
export type DefineCommand = (finish: (code: ExitCode) => void) => Command;

/** Loads the definition of a command, and nothing that only running it takes. */
type LoadCommand = () => Promise<DefineCommand>;

/** All commands, in the order of the help. Adding one is a line here. */
const groups: Readonly<Record<string, Readonly<Record<string, LoadCommand>>>> = {
  'See how functions are, and change nothing:': {
    scan: async () => (await import('./scan.ts')).scanCommand,
    explain: async () => (await import('./explain.ts')).explainCommand,
    plan: async () => (await import('./plan.ts')).planCommand,
    replay: async () => (await import('./replay.ts')).replayCommand,
  },
  'Change functions, after asking:': {
    apply: async () => (await import('./apply.ts')).applyCommand,
    release: async () => (await import('./release.ts')).releaseCommand,
  },
  'Read what a deployed Layerward has on record:': {
    status: async () => (await import('./status.ts')).statusCommand,
    history: async () => (await import('./history.ts')).historyCommand,
    coverage: async () => (await import('./coverage.ts')).coverageCommand,
    report: async () => (await import('./report.ts')).reportCommand,
    console: async () => (await import('./console.ts')).consoleCommand,
  },
  'See to what was given up on:': {
    'dead-letters': async () => (await import('./dead-letters.ts')).deadLettersCommand,
  },
  'Write policies and code:': {
    policy: async () => (await import('./policy.ts')).policyCommand,
    snippet: async () => (await import('./snippet.ts')).snippetCommand,
  },
  'Set up, and try:': {
    init: async () => (await import('./init.ts')).initCommand,
    uninstall: async () => (await import('./uninstall.ts')).uninstallCommand,
    sandbox: async () => (await import('./sandbox.ts')).sandboxCommand,
    completion: async () => (await import('./completion.ts')).completionCommand,
  },
};

const afterHelp = `
Examples:
  $ npx layerward scan                          # which functions are protected, and which need a person
  $ npx layerward explain orders                # all about one of them
  $ npx layerward plan && npx layerward apply   # put right what differs
  $ npx layerward status --blocked --json       # what a deployed Layerward could not protect, for scripts
  $ npx layerward snippet orders --as sam       # the lines that end the drift in the team’s own code

layerward COMMAND --help tells about one, with examples; docs/commands has the same, and docs/first-hour.md begins at the
beginning. Whatever reads has --json. Colours are for terminals only, and never where NO_COLOR is set.

Exit codes: 0 done, 1 found something, 2 used wrongly, 3 AWS or the system failed.`;

/**
 * The command line. Of the commands only the one that the arguments name is loaded, or all of them where they name none:
 * for the help, and for a guess at what was meant.
 * @param args as they were given, without the program's name
 */
export async function createProgram(finish: (code: ExitCode) => void, args: readonly string[] = []): Promise<Command> {
  const program = new Command('layerward')
    .description('Keeps the right layer, handler and variables on every Lambda function that opted in.')
    .usage('<command> [options]')
    .option('--debug', 'show where an error comes from')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'tell how it is used')
    .helpCommand('help [command]', 'tell about a command')
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: width,
      getErrHelpWidth: width,
      outputError: (text, write) => write(`${text.trimEnd().split('\n').map(safe).map(inOurWords).join('')}\n`),
    })
    .showHelpAfterError('layerward --help names all commands.')
    .configureHelp(helpStyle)
    .addHelpText('after', afterHelp);
  const wanted = args.find((word) => !word.startsWith('-'));
  const named = Object.values(groups).find((commands) => wanted !== undefined && Object.hasOwn(commands, wanted));
  for (const [title, commands] of Object.entries(groups))
    for (const [name, load] of Object.entries(commands))
      if (!named || name === wanted) program.addCommand((await load())(finish).helpGroup(title));
  for (const command of program.commands) adopt(command, program, 'layerward');
  return program;
}

/** A line of what commander has to say about wrong arguments; its guess at what was meant ends the sentence. */
function inOurWords(line: string): string {
  return line.replace(/^error: /, 'layerward: ').replace(/^\(Did you mean (.+)\?\)$/, '; did you mean $1?');
}

/** Gives a command, and those below it, what all have in common. */
function adopt(command: Command, parent: Command, path: string): void {
  const name = `${path} ${command.name()}`;
  command.copyInheritedSettings(parent).showHelpAfterError(`${name} --help tells how it is used.`);
  for (const option of command.options) if (connectionOptions.has(option.long ?? '')) option.helpGroup(connectionTitle);
  for (const one of command.commands) adopt(one, command, name);
}

/** The options by which people say which AWS, and which Layerward, a command is about. */
const connectionOptions = new Set([
  '--profile',
  '--region',
  '--role',
  '--member-role',
  '--endpoint',
  '--stack',
  '--table',
]);

const connectionTitle = 'Which AWS, and which Layerward:';

const helpStyle: Partial<Help> = {
  showGlobalOptions: true,
  // What a command is about comes first, and what all commands have in common last.
  visibleOptions(command) {
    const options = Help.prototype.visibleOptions.call(this, command);
    const isCommon = ({ helpGroupHeading }: Option) => helpGroupHeading === connectionTitle;
    return [...options.filter((one) => !isCommon(one)), ...options.filter(isCommon)];
  },
  groupItems: (_, items, titleOf) => Map.groupBy(items, titleOf),
  visibleGlobalOptions(command) {
    return Help.prototype.visibleGlobalOptions.call(this, command).filter(({ long }) => long !== '--version');
  },
  visibleCommands(command) {
    return Help.prototype.visibleCommands.call(this, command).filter((one) => one.name() !== 'help');
  },
  subcommandTerm: (command) => command.name(),
  styleTitle: (text) => paint('strong', text),
};
