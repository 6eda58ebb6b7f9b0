import * as z from 'zod';
import {
  type FunctionDetail,
  functionDetail,
  type LiveChange,
  type LiveCoverage,
  type LiveState,
  liveChange,
  liveCoverage,
  liveState,
  type Report,
  report,
} from '../../service/report-schema.ts';

/** What the console tells the page. */
export interface LiveEvents {
  report(report: Report): void;
  changes(changes: readonly LiveChange[]): void;
  coverage(coverage: LiveCoverage): void;
  state(state: LiveState | { readonly state: 'lost' | 'ended'; readonly message: string }): void;
}

const changes = z.array(liveChange);
const trouble = z.object({ message: z.string() });

/**
 * Listens to the console that the page came from. The report is asked for at once, and again each time that the connection
 * was lost; what is told meanwhile is told after it. What came in between the two, the console tells whoever begins to
 * listen; so nothing is missed, however long the page was asleep, and some things are told twice.
 */
export function listen(events: LiveEvents): void {
  let waiting: LiveChange[] | undefined;
  let current: LiveState['state'] | undefined;
  let isMissing = false;
  const source = new EventSource('api/events');
  const on = <T>(name: string, schema: z.ZodType<T>, tell: (data: T) => void) =>
    source.addEventListener(name, (event) => {
      if (event instanceof MessageEvent) tell(schema.parse(JSON.parse(String(event.data))));
    });

  async function readReport(ask: () => Promise<unknown>): Promise<void> {
    isMissing = false;
    waiting ??= [];
    const body = await ask();
    if (body === undefined) {
      // The records are still being read: the console tells when they are.
      isMissing = true;
      readIfMissing();
      return;
    }
    events.report(report.parse(body));
    const missed = waiting;
    waiting = undefined;
    if (missed.length > 0) events.changes(missed);
  }
  const read = (ask: () => Promise<unknown> = askForReport) => {
    readReport(ask).catch(() => {
      isMissing = true;
      events.state({ state: 'lost', message: lost });
    });
  };
  const readIfMissing = () => {
    if (isMissing && current === 'live') read();
  };

  // The document has asked already.
  read(async () => Reflect.get(globalThis, 'layerwardReport'));
  source.addEventListener('error', () => {
    isMissing = true;
    current = undefined;
    if (source.readyState === EventSource.CLOSED) events.state({ state: 'ended', message: ended });
    else events.state({ state: 'lost', message: lost });
  });
  on('state', liveState, (state) => {
    events.state(state);
    current = state.state;
    readIfMissing();
  });
  on('changes', changes, (some) => {
    if (waiting) waiting.push(...some);
    else events.changes(some);
  });
  on('coverage', liveCoverage, (coverage) => events.coverage(coverage));
  on('reload', z.object({}), () => read());
}

const lost = 'The console does not answer. Trying again …';
const ended = 'The console has ended. Start it again: npx layerward console';

async function askForReport(): Promise<unknown> {
  const answer = await fetch('api/report');
  return answer.ok ? answer.json() : undefined;
}

/** Asks the console about one function. @throws {Error} with a sentence. */
export async function askAbout(arn: string): Promise<FunctionDetail> {
  const answer = await fetch(`api/function?arn=${encodeURIComponent(arn)}`);
  const body: unknown = await answer.json();
  if (!answer.ok) throw new Error(trouble.parse(body).message);
  return functionDetail.parse(body);
}
