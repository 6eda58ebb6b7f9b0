import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/*
 * Mutants that nothing depends on: the words of a description in a JSON Schema, which editors show.
 */

function isDescription(path) {
  const { parent } = path;
  return (
    parent?.type === 'CallExpression' &&
    parent.callee.type === 'MemberExpression' &&
    parent.callee.property.type === 'Identifier' &&
    parent.callee.property.name === 'describe'
  );
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'descriptions', {
    shouldIgnore(path) {
      if ((path.isStringLiteral() || path.isTemplateLiteral()) && isDescription(path))
        return 'a description that editors show';
      return undefined;
    },
  }),
];
