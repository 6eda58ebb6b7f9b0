/** What is going on, on one line of a terminal's standard error; nothing where nobody looks. */
export interface Progress {
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
  return { report: (doing) => write(`${doing} …`), end: () => write('') };
}
