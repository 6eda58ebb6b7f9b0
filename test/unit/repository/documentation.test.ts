import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubSettings, organizeSweepSettings, readSettings } from '../../../functions/settings.ts';
import type { FollowUpPurpose } from '../../../src/domain/change.ts';
import type { DropReason } from '../../../src/domain/change-message.ts';
import type {
  BlockedReason,
  Decision,
  OutOfScopeReason,
  ReleaseReason,
  UnsupportedReason,
} from '../../../src/domain/decision.ts';
import { driftCodes } from '../../../src/domain/drift.ts';
import type { MetricName } from '../../../src/domain/ports.ts';
import type { Action, RecordStatus } from '../../../src/domain/record.ts';
import { root, sourceFiles } from './source-files.ts';

/*
 * Every code that is stored, filtered on or set is a word of docs/. The lists are checked by the compiler: a code that
 * is added to its type has to be added here, and then to the page.
 */

const decisions = readFileSync(join(root, 'docs/decisions.md'), 'utf8');
const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');

const statuses: Record<Decision['status'], true> = {
  'out-of-scope': true,
  release: true,
  unsupported: true,
  blocked: true,
  compliant: true,
  waiting: true,
  drifted: true,
  contested: true,
};
const recordStatuses: Record<RecordStatus, true> = {
  protected: true,
  drifted: true,
  blocked: true,
  contested: true,
  unsupported: true,
  release: true,
  released: true,
  deleted: true,
};
const reasons: Record<
  | OutOfScopeReason
  | ReleaseReason
  | UnsupportedReason
  | BlockedReason
  | Extract<Decision, { status: 'waiting' | 'contested' }>['reason'],
  true
> = {
  self: true,
  excluded: true,
  'not-opted-in': true,
  'opted-out': true,
  runtime: true,
  architecture: true,
  'container-image': true,
  'lambda-edge': true,
  region: true,
  'tags-unreadable': true,
  'environment-unreadable': true,
  'foreign-wrapper': true,
  'layer-limit': true,
  'environment-size': true,
  'credentials-missing': true,
  'original-handler-lost': true,
  'runtime-frozen': true,
  'code-signing': true,
  'layer-access': true,
  'aws-refused': true,
  'function-not-ready': true,
  flapping: true,
};
const actions: Record<Action, true> = {
  sent: true,
  reported: true,
  attached: true,
  repaired: true,
  updated: true,
  released: true,
  none: true,
};
const metrics: Record<MetricName, true> = {
  Looked: true,
  Attached: true,
  Repaired: true,
  Protected: true,
  Released: true,
  FunctionsBlocked: true,
  Contested: true,
  DriftSeen: true,
  UpdateRefused: true,
  Throttled: true,
  Conflicts: true,
  EventToFix: true,
  SweptPlaces: true,
  SweepProblems: true,
};
const dropReasons: Record<DropReason, true> = {
  'own-update': true,
  'failed-call': true,
  'read-only': true,
  'not-a-function': true,
  'other-account': true,
  'other-event': true,
};
const purposes: Record<FollowUpPurpose, true> = {
  verify: true,
  'not-ready': true,
  'function-busy': true,
  throttled: true,
  'revision-changed': true,
  'tags-unreadable': true,
  unavailable: true,
  turn: true,
  'turn-taken': true,
};

/** The codes that a page does not have, each as a word within `code`. */
function missingIn(page: string, codes: Iterable<string>): string[] {
  const words = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.split(/[^\w-]+/)));
  return [...codes].filter((code) => !words.has(code));
}

/** The codes of our errors, as they stand in the log. */
function errorCodes(): string[] {
  const [errors] = sourceFiles('src/domain').filter(({ path }) => path.endsWith('/errors.ts'));
  return [...(errors?.code ?? '').matchAll(/readonly code = '([\w-]+)'/g)].map(([, code = '']) => code);
}

/** The variables that the functions can't do without, as they name them themselves. */
function requiredSettings(): string[] {
  const names = [hubSettings, organizeSweepSettings].flatMap((schema) => {
    try {
      readSettings(schema, {});
    } catch (error) {
      return [...String(error).matchAll(/\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+):/g)].map(([, name = '']) => name);
    }
    throw new Error('the function needs no settings');
  });
  return [...new Set(names)];
}

/** The variables that the template gives to functions. */
function templateVariables(): string[] {
  const template = readFileSync(join(root, 'template.yaml'), 'utf8');
  const blocks = [...template.matchAll(/^( +)Environment:\n\1 {2}Variables:\n((?:\1 {4}.*\n)+)/gm)];
  return blocks.flatMap(([, , lines = '']) =>
    [...lines.matchAll(/^ +([A-Z][A-Z0-9_]+):/gm)].map(([, name = '']) => name),
  );
}

/** The variables that our code reads by itself, the sandbox left out, which has a page of its own. */
function variablesRead(): string[] {
  return ['src/domain', 'src/service', 'src/aws', 'src/cli', 'functions']
    .flatMap((folder) => sourceFiles(folder))
    .flatMap(({ code }) =>
      [...code.matchAll(/\bprocess\.env(?:\.|\[')([A-Z_][A-Z0-9_]*)/g)].map(([, name = '']) => name),
    );
}

describe('docs/decisions.md has', () => {
  it.each([
    ['every status of a decision', Object.keys(statuses)],
    ['every status of a record', Object.keys(recordStatuses)],
    ['every reason', Object.keys(reasons)],
    ['every drift code', driftCodes],
    ['every action', Object.keys(actions)],
  ])('%s', (_, codes) => {
    expect(missingIn(decisions, codes)).toEqual([]);
  });
});

describe('docs/operations.md has', () => {
  it.each([
    ['every metric', Object.keys(metrics)],
    ['every reason for which a message is dropped', Object.keys(dropReasons)],
    ['every reason for a later look', Object.keys(purposes)],
    ['every variable that the function can’t do without', requiredSettings()],
    ['every variable that the template sets', templateVariables()],
    ['every variable that our code reads', variablesRead()],
    ['every code of an error', errorCodes()],
  ])('%s', (_, names) => {
    expect(missingIn(operations, names)).toEqual([]);
  });

  it('none of these lists empty', () => {
    expect(requiredSettings()).toHaveLength(11);
    expect(templateVariables().length).toBeGreaterThanOrEqual(requiredSettings().length);
    expect(errorCodes().length).toBeGreaterThan(5);
  });

  it('every metric that the template makes, alarms on or draws', () => {
    const template = readFileSync(join(root, 'template.yaml'), 'utf8');
    const drawn = [...template.matchAll(/\[ (?:"Layerward"|"\."), "(\w+)"/g)].map(([, name = '']) => name);
    const made = [...template.matchAll(/MetricName: "?(\w+)/g)].map(([, name = '']) => name);
    expect(drawn.length).toBeGreaterThan(5);
    const own = [...drawn, ...made].filter((name) => Object.hasOwn(metrics, name) || name === 'PolicyUnusable');
    expect(missingIn(operations, own)).toEqual([]);
  });
});
