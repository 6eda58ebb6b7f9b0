/** Where progress is shown: a terminal, or a log. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how far something is. */
export interface StatusLine {
  show(text: string): void;
  /** Leaves the last state standing. */
  end(): void;
}

/** One line that is rewritten on a terminal, with the time that has passed; elsewhere a line for each change. */
export function createStatusLine(stream: ProgressStream, now: () => number = Date.now): StatusLine {
  const startedAt = now();
  let last = '';
  return {
    show(text) {
      if (!stream.isTTY) {
        if (text !== last) stream.write(`${text}\n`);
      } else {
        const seconds = Math.round((now() - startedAt) / 1000);
        const line = `${text}, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
        stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
      }
      last = text;
    },
    end() {
      if (stream.isTTY && last !== '') stream.write('\n');
    },
  };
}
