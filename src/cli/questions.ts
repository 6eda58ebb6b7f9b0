import { createInterface, type Interface } from 'node:readline/promises';
import { WrongUse } from './exit-code.ts';

/** Something to be known, and how to ask for it. */
export interface Question {
  readonly text: string;
  /** What is taken where nobody is asked, or the answer is empty. */
  readonly fallback?: string | undefined;
  /** What an empty answer of a person stands for, in place of the fallback: nothing that may be taken unasked. */
  readonly suggestion?: string | undefined;
  /** The only answers; the beginning of one is enough. */
  readonly choices?: readonly string[];
  /** What is wrong with an answer, in a sentence. */
  readonly check?: (answer: string) => string | undefined;
  /** What to say where nobody can be asked, and the fallback is no answer unless it was agreed to. */
  readonly unlessAgreed?: string;
}

/** Whom to ask. */
export interface Asker {
  /** Whether a person answers. */
  readonly isPerson: boolean;
  /** The answer, without white space around it; it may be empty where the question allows that. */
  ask(question: Question): Promise<string>;
  /** Tells the person something. */
  tell(text: string): void;
  close(): void;
}

/** Answers every question with its fallback. @param hasAgreed whether a person said that this is fine: `--yes` */
export function askNobody(hasAgreed: boolean): Asker {
  return {
    isPerson: false,
    ask: async ({ fallback = '', unlessAgreed }) => {
      if (unlessAgreed !== undefined && !hasAgreed) throw new WrongUse(unlessAgreed);
      return fallback;
    },
    tell: () => {},
    close: () => {},
  };
}

/**
 * Asks the person at the terminal, again and again until the answer can be used.
 * @param unanswered what to say where the person ends it with Ctrl-C or Ctrl-D
 */
export function askPerson(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, unanswered: string): Asker {
  const terminal = createInterface({ input, output });
  // What is said next starts on a line of its own.
  terminal.once('close', () => output.write('\n'));
  const lines = linesOf(terminal, unanswered);
  const tell = (text: string) => {
    output.write(`${text}\n`);
  };
  return {
    isPerson: true,
    ask: async (question) => {
      for (;;) {
        lines.prompt(promptFor(question));
        const reading = readAnswer(question, (await lines.next()).trim());
        if ('answer' in reading) return reading.answer;
        tell(`  ${reading.wrong}`);
      }
    },
    tell,
    close: () => terminal.close(),
  };
}

/** The lines as they come; those that were typed ahead of the question wait for it. */
function linesOf(
  terminal: Interface,
  unanswered: string,
): { readonly prompt: (text: string) => void; readonly next: () => Promise<string> } {
  const ahead: string[] = [];
  let waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void } | undefined;
  let isClosed = false;
  terminal.on('line', (line) => {
    if (waiting) waiting.resolve(line);
    else ahead.push(line);
    waiting = undefined;
  });
  terminal.once('close', () => {
    isClosed = true;
    waiting?.reject(new WrongUse(unanswered));
  });
  return {
    prompt(text) {
      if (isClosed) return;
      terminal.setPrompt(text);
      terminal.prompt();
    },
    next() {
      const line = ahead.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (isClosed) return Promise.reject(new WrongUse(unanswered));
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
  };
}

/** What is taken for an answer that a person gave, or what is wrong with it. */
export function readAnswer(
  { suggestion, fallback = '', choices, check }: Question,
  given: string,
): { readonly answer: string } | { readonly wrong: string } {
  const answer = given === '' ? (suggestion ?? fallback) : given;
  if (choices) {
    const meant = choices.filter((choice) => choice.startsWith(answer.toLowerCase()));
    const [only, ...others] = choices.includes(answer) ? [answer] : meant;
    return only !== undefined && others.length === 0 ? { answer: only } : { wrong: `One of: ${choices.join(', ')}.` };
  }
  const wrong = check?.(answer);
  return wrong === undefined ? { answer } : { wrong };
}

function promptFor({ text, suggestion, fallback, choices }: Question): string {
  const preset = suggestion ?? fallback;
  const list = choices ? ` (${choices.join(', ')})` : '';
  return `${text}${list}${preset === undefined || preset === '' ? '' : ` [${preset}]`}: `;
}
