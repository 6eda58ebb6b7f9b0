import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, root, run } from './command.ts';

/*
 * What the referees need, installed once: into .venv/ and .cache/ of the repository, and again when the file that pins
 * it changes. A referee whose installation fails does not run, and counts as failed.
 */

const requirements = join(root, 'scripts/verify/requirements.txt');
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** A Python environment with the pinned packages. Answers the folder of its programs. */
export const installPython = once(async () => {
  const folder = join(root, '.venv');
  await install(folder, [requirements], async () => {
    await tool(
      'python3',
      ['-m', 'venv', folder],
      'python3 with its venv module (Debian: apt-get install python3-venv)',
    );
    await run(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', '--requirement', requirements]);
    await run(join(folder, 'bin/pip'), ['check']);
  });
  return join(folder, 'bin');
});

/** The jars that a pom.xml under test/referee/ names, with all that they need. Answers the folder that they are in. */
export const installDynamoDbLocal = once(() => installJars('dynamodb-local'));
export const installEventRuler = once(() => installJars('event-ruler'));

async function installJars(name: string): Promise<string> {
  const folder = join(root, '.cache', name);
  const pom = join(root, 'test/referee', name, 'pom.xml');
  await install(folder, [pom], async () => {
    await tool('java', ['-version'], 'a JDK of version 17 or later (Debian: apt-get install openjdk-17-jdk-headless)');
    await tool('mvn', ['-version'], 'Maven (Debian: apt-get install maven)');
    await run('mvn', ['--quiet', '--batch-mode', '--file', pom, copyDependencies, `-DoutputDirectory=${folder}`]);
  });
  return folder;
}

/** AWS's own runtime interface client for Node, compiled here. Answers the path of its program. */
export const installRuntimeInterfaceClient = once(async () => {
  const folder = await installNode('runtime-interface-client', async () => {
    for (const program of ['make', 'g++', 'cmake'])
      await tool(program, ['--version'], `${program} (Debian: apt-get install build-essential cmake)`);
  });
  return join(folder, 'aws-lambda-ric/index.mjs');
});

/** The validator of the Amazon States Language. Answers the path of its program. */
export const installStatesValidator = once(async () => {
  const folder = await installNode('state-machine');
  return join(folder, 'asl-validator/dist/bin/asl-validator.js');
});

/** The packages that a package-lock.json under test/referee/ pins. Answers the folder that they are in. */
async function installNode(name: string, requireTools: () => Promise<void> = async () => {}): Promise<string> {
  const source = join(root, 'test/referee', name);
  const folder = join(root, '.cache', name);
  const pins = ['package.json', 'package-lock.json'].map((file) => join(source, file));
  const fill = async () => {
    await requireTools();
    for (const pin of pins) cpSync(pin, join(folder, pin.slice(source.length)));
    await run('npm', ['ci', '--no-audit', '--no-fund'], { folder });
  };
  // A compiled add-on fits one version of Node.
  await install(folder, pins, fill, process.version);
  return join(folder, 'node_modules');
}

/** Installs into an emptied folder, unless the folder was filled by the same pins before. */
async function install(folder: string, pins: readonly string[], fill: () => Promise<void>, also = ''): Promise<void> {
  const hash = createHash('sha256').update(also);
  for (const pin of pins) hash.update(readFileSync(pin));
  const wanted = hash.digest('hex');
  const stamp = join(folder, '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await fill();
  writeFileSync(stamp, wanted);
}

async function tool(command: string, args: readonly string[], what: string): Promise<void> {
  try {
    await run(command, args);
  } catch (error) {
    const reason = error instanceof CommandFailed ? error.message : String(error);
    throw new CommandFailed(`this referee needs ${what}\n${reason}`, { cause: error });
  }
}

function once(work: () => Promise<string>): () => Promise<string> {
  let running: Promise<string> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
