const compiled = new Map<string, RegExp>();

/** Whether a text fits a pattern with `*` for any characters, none included, and `?` for one. */
export function isLike(actual: string, glob: string): boolean {
  let expression = compiled.get(glob);
  if (expression === undefined) {
    const source = glob
      .split('')
      .map((character) =>
        character === '*' ? '[^]*' : character === '?' ? '[^]' : character.replace(/[\\^$.+()[\]{}|/-]/, '\\$&'),
      )
      .join('');
    expression = new RegExp(`^${source}$`);
    compiled.set(glob, expression);
  }
  return expression.test(actual);
}

/** The same for ARNs in conditions: wildcards stay within a colon-separated part; the last part takes all that is left. */
export function isArnLike(actual: string, glob: string): boolean {
  const actualParts = splitArn(actual);
  const globParts = splitArn(glob);
  return (
    actualParts.length === globParts.length && globParts.every((part, index) => isLike(actualParts[index] ?? '', part))
  );
}

function splitArn(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}
