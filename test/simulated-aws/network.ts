import type { Scheduler } from '../simulation/scheduler.ts';
import { AwsRefusal, isTriedAgain } from './aws-refusal.ts';
import type { Run } from './run.ts';
import type { Script } from './script.ts';
import type { Story } from './story.ts';

/** The services that Layerward calls. */
export const services = [
  'Lambda',
  'Tagging',
  'STS',
  'DynamoDB',
  'SQS',
  'SNS',
  'EventBridge',
  'AppConfig',
  'Secrets Manager',
  'Organizations',
  'CloudFormation',
] as const;

/** One of {@link services}. */
export type Service = (typeof services)[number];

/** How well calls go: probabilities for each call, and the services that don't answer at all for now. */
export interface Weather {
  /** A call is answered with a 500, or is throttled, and has no effect. */
  failing: number;
  /** A call takes effect, and its answer is lost. */
  losing: number;
  /** A call takes effect up to 20 seconds after its caller has given it up. */
  late: number;
  /** A call takes effect, and is never answered at all: its caller waits until its time is up. */
  hanging: number;
  /** A call takes seconds. */
  slow: number;
  readonly down: Set<Service>;
}

/** A call on its way to AWS. */
export interface Call<T> {
  readonly service: Service;
  /** AWS's name of it. */
  readonly command: string;
  /** What it is about: a function's ARN, mostly. */
  readonly subject: string;
  /** How often the SDK tries. */
  readonly attempts: number;
  /** What it does when it arrives. Throws what AWS refuses. */
  readonly effect: () => T;
}

/** The way from functions of ours to AWS and back. */
export interface Network {
  readonly weather: Weather;
  send<T>(run: Run, call: Call<T>): Promise<T>;
  /** How many calls arrived, and how many of them went wrong. */
  readonly counts: { readonly calls: number; readonly troubles: number };
}

type Answer<T> = { readonly value: T } | { readonly error: unknown };

const longestLateMs = 20_000;

/** A network in which each call is two things that happen: it arrives and takes effect, and its answer comes back. */
export function createNetwork(scheduler: Scheduler, script: Script, story: Story): Network {
  const weather: Weather = { failing: 0, losing: 0, late: 0, hanging: 0, slow: 0, down: new Set() };
  const counts = { calls: 0, troubles: 0 };
  /** How often each call was made for the same cause: what goes wrong is named by it. */
  const made = new Map<string, number>();

  const tell = (subject: string, what: string) =>
    subject.startsWith('arn:') ? story.tell(subject, what) : story.tellOfCall(what);

  const perform = <T>(effect: () => T): Answer<T> => {
    try {
      return { value: effect() };
    } catch (error) {
      return { error };
    }
  };

  /** One attempt. Never answers where the run has ended meanwhile. */
  const attempt = <T>(run: Run, { service, command, subject, effect }: Call<T>): Promise<Answer<T>> => {
    const cause = `${service} ${command} ${subject} for ${run.causeOf(subject)}`;
    const count = (made.get(cause) ?? 0) + 1;
    made.set(cause, count);
    const id = `${cause} #${count}`;
    const random = script.of(id);
    const goesWrong = (how: string, probability: number, words: string) => {
      const isSo = script.happens(`${how} ${id}`, probability, () => `${service} ${command}: ${words}`);
      if (isSo) {
        counts.troubles++;
        run.trouble();
        tell(subject, `${service} ${command} of ${run.name}: ${words}`);
      }
      return isSo;
    };
    const travel = () =>
      goesWrong('slow', weather.slow, 'takes seconds') ? random.between(500, 4_000) : random.between(1, 20);
    const lost = (): Answer<T> => ({ error: new AwsRefusal('TimeoutError', undefined, `${service} did not answer`) });
    return new Promise((resolve) => {
      scheduler.after(travel(), () => {
        counts.calls++;
        const answer = arrive();
        if (answer) scheduler.after(random.between(1, 20), () => run.isAlive() && resolve(answer));
      });
      const arrive = (): Answer<T> | undefined => {
        if (weather.down.has(service)) {
          counts.troubles++;
          run.trouble();
          return lost();
        }
        if (goesWrong('fails', weather.failing, 'answers 500, and does nothing'))
          return { error: new AwsRefusal('InternalServerError', 500, `${service} has an error of its own`) };
        if (goesWrong('late', weather.late, 'is given up, and takes effect later')) {
          scheduler.after(random.between(500, longestLateMs), () => {
            tell(subject, `${service} ${command} of ${run.name} takes effect at last`);
            perform(effect);
          });
          return lost();
        }
        const answer = perform(effect);
        if (goesWrong('hangs', weather.hanging, 'takes effect, and is never answered')) return undefined;
        if (goesWrong('lost', weather.losing, 'takes effect, and the answer is lost')) return lost();
        return answer;
      };
    });
  };

  return {
    weather,
    counts,
    async send(run, call) {
      for (let tried = 1; ; tried++) {
        // What is never to be answered waits here for ever.
        await run.beforeCall();
        const answer = await attempt(run, call);
        if ('value' in answer) return answer.value;
        if (answer.error instanceof AwsRefusal) answer.error.$metadata.attempts = tried;
        if (tried >= call.attempts || !isTriedAgain(answer.error)) throw answer.error;
        await run.pause(50 * 2 ** tried);
      }
    },
  };
}
