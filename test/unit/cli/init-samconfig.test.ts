import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WrongUse } from '../../../src/cli/exit-code.ts';
import { readSamConfig, samConfigText } from '../../../src/cli/init-samconfig.ts';

const file = (settings: string) =>
  `version = 0.1\n[default.deploy.parameters]\nstack_name = "layerward"\ntemplate_file = "dist/template.yaml"\n${settings}\n`;

describe('samconfig.toml', () => {
  it('is read as it was written, whatever the values', () => {
    const value = fc.string({ unit: fc.constantFrom(..."ab,.@-_/ ()*?'=:+o-1") });
    const deployment = fc.record({
      stackName: fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,48}$/),
      region: fc.constantFrom('us-east-1', 'eu-west-1'),
      parameters: fc.dictionary(fc.stringMatching(/^[A-Z][A-Za-z]{1,20}$/), value),
    });
    fc.assert(
      fc.property(deployment, (written) => {
        expect(readSamConfig(samConfigText(written), 'samconfig.toml')).toEqual({
          ...written,
          parameters: { ...written.parameters },
        });
      }),
    );
  });

  it.each([
    ['a text', `parameter_overrides = 'Regions="us-east-1,eu-west-1" SweepSchedule="rate(1 hour)" LogLevel=debug'`],
    [
      'SAM’s long form',
      'parameter_overrides = "ParameterKey=Regions,ParameterValue=us-east-1,eu-west-1 ' +
        `ParameterKey=SweepSchedule,ParameterValue='rate(1 hour)' ParameterKey=LogLevel,ParameterValue=debug"`,
    ],
    [
      'blanks that are escaped',
      String.raw`parameter_overrides = 'Regions=us-east-1,eu-west-1 SweepSchedule=rate(1\ hour) LogLevel=debug'`,
    ],
    [
      'a table',
      '[default.deploy.parameters.parameter_overrides]\nRegions = ["us-east-1", "eu-west-1"]\nSweepSchedule = "rate(1 hour)"\nLogLevel = "debug"',
    ],
    [
      'a list of both',
      `parameter_overrides = ['Regions=us-east-1,eu-west-1', { SweepSchedule = "rate(1 hour)", LogLevel = "debug" }]`,
    ],
  ])('may have its overrides as %s', (_, settings) => {
    expect(readSamConfig(file(settings), 'samconfig.toml').parameters).toEqual({
      Regions: 'us-east-1,eu-west-1',
      SweepSchedule: 'rate(1 hour)',
      LogLevel: 'debug',
    });
  });

  it('may have what holds for every command in a section of its own', () => {
    const text = `version = 0.1\n[default.global.parameters]\nstack_name = "guard"\nregion = "eu-west-1"\n[default.deploy.parameters]\ntemplate = "./dist/template.yaml"\n`;
    expect(readSamConfig(text, 'samconfig.toml')).toEqual({ stackName: 'guard', region: 'eu-west-1', parameters: {} });
  });

  it('may have its overrides in another file, of which nothing is known then', () => {
    expect(readSamConfig(file('parameter_overrides = ["file://p.yaml", "A=b"]'), 'f').parameters).toBeUndefined();
  });

  it.each([
    ['that is not TOML', 'version = 0.1\n[default\n', /^samconfig\.toml:2:\d+: /],
    ['that is empty', '', /would not deploy dist\/template\.yaml/],
    [
      'that deploys template.yaml itself, with the example’s policy',
      file('').replace('dist/', ''),
      /would not deploy dist/,
    ],
    ['that names no stack', file('').replace(/stack_name.*\n/, ''), /names no stack/],
    [
      'that has a number for a name',
      file('').replace('"layerward"', '1'),
      /default\.deploy\.parameters\.stack_name is not/,
    ],
  ])('is refused %s, in a sentence that says what to do', (_, text, sentence) => {
    const reading = () => readSamConfig(text, 'samconfig.toml');
    expect(reading).toThrow(WrongUse);
    expect(reading).toThrow(sentence);
    expect(reading).toThrow(/--force/);
  });
});
