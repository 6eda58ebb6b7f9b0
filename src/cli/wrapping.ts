import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks a text into lines of at most so many characters, between words; a longer word has a line of its own. Colours
 * take no room.
 */
export function wrap(text: string, length: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && [...stripVTControlCharacters(longer)].length > length) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
