/** Shorter values are in every sentence by chance. */
const shortestValue = 3;

/** A text of AWS's, which may quote what it was sent or what it has, without any of these values of variables. */
export function withoutValues(text: string, values: Iterable<string>): string {
  return [...values]
    .filter((value) => value.length >= shortestValue)
    .sort((a, b) => b.length - a.length)
    .reduce((words, value) => words.replaceAll(value, '***'), text);
}
