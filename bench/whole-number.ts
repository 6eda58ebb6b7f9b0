/** Reads a whole number within bounds from the command line; undefined if it is none or out of bounds. */
export function readWholeNumber(text: string, least: number, most: number): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number >= least && number <= most ? number : undefined;
}
