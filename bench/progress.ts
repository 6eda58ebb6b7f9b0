/** What is going on, on one line of a terminal's standard error; nothing where nobody looks. */
export interface Progress {
  /** A line that stays, whoever looks. */
  readonly tell: (line: string) => void;
  readonly report: (doing: string) => void;
  /** Clears the line. */
  end(): void;
}

/** Tells of the progress of a long run. */
export function createProgress(): Progress {
  const { stderr } = process;
  const write = (line: string) => {
    if (stderr.isTTY) stderr.write(`\r\u001b[K${line.slice(0, stderr.columns - 1)}`);
  };
  return {
    tell(line) {
      write('');
      stderr.write(`${line}\n`);
    },
    report: (doing) => write(`${doing} …`),
    end: () => write(''),
  };
}
