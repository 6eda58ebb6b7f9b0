import { shorten } from './printing.ts';

/** How far a long run is, on one line of a terminal that is rewritten; nothing is written anywhere else. */
export interface Progress {
  /** @param total how much there is in all, where it is known */
  show(done: number, total: number | undefined, what: string): void;
  /** Takes the line away. */
  end(): void;
}

const barLength = 24;
const leastMsBetween = 80;

/** A progress line on standard error, if that is a terminal. */
export function createProgress(): Progress {
  const stream = process.stderr;
  if (!stream.isTTY) return { show: () => {}, end: () => {} };
  // What is done at once is not worth a line.
  let shownAt = performance.now();
  let isShown = false;
  return {
    show(done, total, what) {
      const now = performance.now();
      if (now - shownAt < leastMsBetween && !(isShown && done === total)) return;
      shownAt = now;
      isShown = true;
      const share = total ? Math.min(1, done / total) : undefined;
      const filled = Math.round((share ?? 0) * barLength);
      const bar = share === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(barLength - filled)} `;
      const count = total === undefined ? String(done) : `${done} of ${total}`;
      stream.write(`\r\u001b[K${shorten(`${bar}${count} ${what}`, (stream.columns || 80) - 1)}`);
    },
    end() {
      if (isShown) stream.write('\r\u001b[K');
      isShown = false;
    },
  };
}
