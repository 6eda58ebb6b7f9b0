import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';

/*
 * Runs the tests of src/domain in Stryker's own processes. A worker of vitest for each of the mutants takes half a second
 * to start and to load zod; here each mutant gets modules of its own, but the packages stay. The tests need no more of
 * vitest than describe, it, it.each and expect, and wait for nothing.
 */

const folder = 'test/unit/domain';
/** Thousands of examples for each mutant; whatever only they find gets a test of its own. */
const leftOut = ['properties.test.ts'];

globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
/** What the mutated code reads and writes. */
const stryker = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];

class InProcessRunner {
  #files = [];
  #generation = 0;
  #notes;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const root = pathToFileURL(`${process.cwd()}/`).href;
    const isOurs = (url) => url.startsWith(root) && !url.includes('/node_modules/');
    const notes = new URL('noted-tests.js', import.meta.url).href;
    const sources = new Map();
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'vitest' && context.parentURL && isOurs(context.parentURL))
          return { url: notes, format: 'module', shortCircuit: true };
        const resolved = next(specifier, context);
        if (!isOurs(resolved.url)) return resolved;
        return { ...resolved, url: `${resolved.url}?generation=${this.#generation}`, format: 'module' };
      },
      load: (url, context, next) => {
        if (!isOurs(url)) return next(url, context);
        const path = fileURLToPath(url);
        if (!sources.has(path)) sources.set(path, stripTypeScriptTypes(readFileSync(path, 'utf8')));
        return { format: 'module', source: sources.get(path), shortCircuit: true };
      },
    });
    this.#notes = await import(notes);
    this.#files = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts') && !leftOut.includes(name))
      .sort();
  }

  async dryRun() {
    const result = await this.#run(this.#files, () => true);
    return { ...result, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant: { id, fileName }, hitLimit, mutantActivation, testFilter }) {
    const wanted = testFilter && new Set(testFilter);
    // The tests of the mutated file most likely fail.
    const own = `${basename(fileName, '.ts')}.test.ts`;
    const files = this.#files
      .filter((file) => !testFilter || testFilter.some((test) => test.startsWith(`${file}#`)))
      .sort((a, b) => Number(b === own) - Number(a === own));
    stryker.hitCount = 0;
    stryker.hitLimit = hitLimit;
    const result = await this.#run(files, (test) => !wanted || wanted.has(test), id, mutantActivation === 'static');
    return toMutantRunResult(determineHitLimitReached(stryker.hitCount, hitLimit) ?? result);
  }

  /**
   * Runs tests until one fails. A mutant of what modules do as they are loaded is there from the start, and each file is
   * loaded when its turn comes; all others are there only while a test runs.
   */
  async #run(files, isWanted, mutant, isStatic = false) {
    const tests = [];
    const broken = [];
    this.#generation++;
    for (const file of files) {
      stryker.activeMutant = isStatic ? mutant : undefined;
      try {
        await import(pathToFileURL(join(process.cwd(), folder, file)).href);
      } catch (error) {
        broken.push(`${file} could not be loaded: ${error.message}`);
      }
      stryker.activeMutant = mutant;
      for (const { title, body } of this.#notes.takeNotedTests()) {
        const id = `${file}#${title}`;
        if (!isWanted(id)) continue;
        stryker.currentTestId = id;
        const failure = failureOf(body);
        stryker.currentTestId = undefined;
        const test = { id, name: title, fileName: join(folder, file), timeSpentMs: 0 };
        if (failure === undefined) tests.push({ ...test, status: TestStatus.Success });
        else
          return {
            status: DryRunStatus.Complete,
            tests: [...tests, { ...test, status: TestStatus.Failed, failureMessage: failure }],
          };
      }
    }
    if (broken.length > 0) return { status: DryRunStatus.Error, errorMessage: broken.join('\n') };
    return { status: DryRunStatus.Complete, tests };
  }
}

function failureOf(body) {
  try {
    const returned = body();
    if (returned instanceof Promise) return 'it answers a promise, which this runner does not wait for';
    return undefined;
  } catch (error) {
    return String(error?.message ?? error);
  }
}

export const strykerPlugins = [
  declareFactoryPlugin(
    PluginKind.TestRunner,
    'in-process',
    Object.assign(() => new InProcessRunner(), { inject: [] }),
  ),
];
