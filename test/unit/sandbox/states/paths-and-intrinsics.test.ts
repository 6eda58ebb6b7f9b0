import { describe, expect, it } from 'vitest';
import { evaluateIntrinsic } from '../../../../src/sandbox/states/intrinsic-functions.ts';
import { readPath, writePath } from '../../../../src/sandbox/states/json-path.ts';

const input = { a: { b: [1, 2, { c: 3 }] }, 'd-e': 4, 'f g': 5, n: 2 };

describe('a path', () => {
  it.each<[string, unknown]>([
    ['$', input],
    ['$.a.b[0]', 1],
    ['$.a.b[-1].c', 3],
    ["$['f g']", 5],
    ['$.d-e', 4],
    ['$.a.b[0:2]', [1, 2]],
    ['$.a.b[*]', [1, 2, { c: 3 }]],
    ['$..c', [3]],
    ['$$.Execution.Name', 'e'],
  ])('%s', (path, expected) => {
    expect(readPath(path, input, { Execution: { Name: 'e' } })).toEqual(expected);
  });

  it.each(['$.x', '$.a.b[9]', '$.n.deep'])('%s selects nothing', (path) => {
    expect(() => readPath(path, input, {})).toThrow(`The JSONPath '${path}' could not be found`);
  });

  it('with a filter is refused', () => {
    expect(() => readPath('$.a[?(@.x)]', input, {})).toThrow("cannot read the path '$.a[?(@.x)]' from '[?(@.x)]' on");
  });

  it.each<[string, unknown, unknown]>([
    ['$', { x: 1 }, 'v'],
    ['$.x.y', { a: 1 }, { a: 1, x: { y: 'v' } }],
    ['$.l[1]', { l: [1, 2] }, { l: [1, 'v'] }],
  ])('%s is written', (path, target, expected) => {
    expect(writePath(path, target, 'v')).toEqual(expected);
  });

  it('is not written through what is no object', () => {
    expect(() => writePath('$.a.b', { a: 1 }, 'v')).toThrow('Unable to apply step');
  });
});

describe('an intrinsic function', () => {
  it.each<[string, unknown]>([
    ["States.Format('{}-{} \\{\\}', $.n, 'it\\'s')", "2-it's {}"],
    ["States.StringToJson('[1]')", [1]],
    ['States.JsonToString($.a.b)', '[1,2,{"c":3}]'],
    ["States.Array(1, 'two', true, null, $.n)", [1, 'two', true, null, 2]],
    ['States.ArrayPartition(States.Array(1, 2, 3), 2)', [[1, 2], [3]]],
    ['States.ArrayContains($.a.b, 2)', true],
    ['States.ArrayRange(1, 9, 4)', [1, 5, 9]],
    ['States.ArrayGetItem($.a.b, 1)', 2],
    ['States.ArrayLength($.a.b)', 3],
    ['States.ArrayUnique(States.Array(1, 1, 2))', [1, 2]],
    ["States.Base64Decode(States.Base64Encode('x'))", 'x'],
    ["States.Hash('x', 'SHA-256')", '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'],
    ['States.JsonMerge($.a, States.StringToJson(\'{"b":1}\'), false)', { b: 1 }],
    ['States.MathRandom(1, 11)', 6],
    ['States.MathAdd($.n, -5)', -3],
    ["States.StringSplit('a,b;c', ',;')", ['a', 'b', 'c']],
    ['States.UUID()', 'the-id'],
  ])('%s', (call, expected) => {
    const sources = { random: () => 0.5, uuid: () => 'the-id' };
    expect(evaluateIntrinsic(call, input, {}, sources)).toEqual(expected);
  });

  it.each([
    ['States.Nothing()', 'there is no function States.Nothing'],
    ["States.Format('{}')", 'more places than arguments'],
    ['States.ArrayLength(1)', 'its first argument is no array'],
    ['States.UUID() x', 'there is more after its end'],
    ['States.UUID(', "nothing can be read from '' on"],
  ])('%s is refused', (call, message) => {
    expect(() => evaluateIntrinsic(call, input, {}, { random: Math.random, uuid: () => '' })).toThrow(message);
  });
});
