import { LayerwardError } from '../domain/errors.ts';
import type { CloudFormationAnswer, DeploymentState } from '../domain/ports.ts';
import { type ReleaseProgress, type ReleaseWorld, releaseAll } from './release-all.ts';

/** What CloudFormation asks of the custom resource that stands for the deployment; its names are CloudFormation's. */
export interface DeploymentRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string | undefined;
  readonly ResourceProperties: {
    /** Whether functions get back what they were before, when the stack is deleted. */
    readonly ReleaseOnDelete: 'true' | 'false';
    /** For how long functions of ours may still be at work after the queue is gone. */
    readonly SettleSeconds: number;
  };
  /** What earlier invocations for the same request have done. */
  readonly Continued?: { readonly startedAt: string; readonly released: number; readonly runs: number } | undefined;
}

/** What the deployment's life needs of the world. */
export interface DeploymentWorld {
  readonly world: ReleaseWorld;
  readonly deployment: DeploymentState;
  readonly requestSweep: (reason: string) => Promise<void>;
  readonly answer: (responseUrl: string, answer: CloudFormationAnswer) => Promise<void>;
}

/** CloudFormation gives up on an answer after an hour; this leaves time for it. */
const longestMs = 50 * 60_000;
/** More runs than fit into that time: Lambda stops functions that call themselves 16 times. */
const runsAllowed = 8;

const howToGoOn = 'delete the stack again to go on, or keep the rest as it is by retaining this resource';

/**
 * Follows the deployment's life. Its creation and each change start a sweep. Its deletion releases everything, if that is
 * wanted, over as many invocations as it takes. CloudFormation always gets an answer, and a deletion is never blocked by
 * what can't be released: `FAILED` only says that there was not enough time for all functions, or that a service did not
 * answer in all of it, and that deleting the stack again goes on.
 */
export function createDeploymentLife({ world, deployment, requestSweep, answer }: DeploymentWorld) {
  const { log, now } = world;
  const reply = (request: DeploymentRequest, Status: 'SUCCESS' | 'FAILED', Reason: string) => {
    log.info({ requestType: request.RequestType, status: Status }, Reason);
    return answer(request.ResponseURL, {
      Status,
      Reason,
      PhysicalResourceId: request.PhysicalResourceId ?? 'layerward',
      StackId: request.StackId,
      RequestId: request.RequestId,
      LogicalResourceId: request.LogicalResourceId,
    });
  };

  async function begin(request: DeploymentRequest): Promise<void> {
    try {
      await requestSweep(`stack ${request.RequestType}`);
      await reply(request, 'SUCCESS', 'a sweep was asked for');
    } catch (error) {
      // The schedule sweeps anyway; a deployment must not fail for it.
      log.error(
        { err: error },
        'the sweep after the deployment could not be asked for; the next scheduled one makes up for it',
      );
      await reply(request, 'SUCCESS', 'the sweep after the deployment could not be asked for; see the log');
    }
  }

  async function end(request: DeploymentRequest, mayGoOn: () => boolean): Promise<DeploymentRequest | undefined> {
    const { ReleaseOnDelete, SettleSeconds } = request.ResourceProperties;
    if (ReleaseOnDelete === 'false') {
      await reply(request, 'SUCCESS', 'nothing was released, as ReleaseOnDelete says: functions stay as they are');
      return undefined;
    }
    const former = request.Continued ?? { startedAt: now().toISOString(), released: 0, runs: 0 };
    const startedAt = Date.parse(former.startedAt);
    const runs = former.runs + 1;
    const mayRunAgain = () => now().getTime() - startedAt < longestMs && runs < runsAllowed;
    let progress: ReleaseProgress;
    try {
      await deployment.markEnding();
      progress = await releaseAll(world, {
        requestId: request.RequestId,
        notBefore: new Date(startedAt + SettleSeconds * 1000),
        mayGoOn,
      });
    } catch (error) {
      if (error instanceof LayerwardError && error.retryable) {
        log.warn({ code: error.code, runs }, error.message);
        if (!mayRunAgain()) {
          await reply(request, 'FAILED', `the release ended early: ${error.message}; ${howToGoOn}`);
          return undefined;
        }
        await world.sleep(1000 * 2 ** former.runs);
        return { ...request, Continued: { ...former, runs } };
      }
      // Without the records nobody knows what to give back, however often it is tried.
      log.error({ err: error }, 'the release ended early');
      const words = error instanceof Error ? error.message : String(error);
      await reply(request, 'SUCCESS', `functions may be left as they are, since the release ended early: ${words}`);
      return undefined;
    }
    const released = former.released + progress.released;
    for (const { functionArn, why } of progress.left) log.error({ functionArn, code: 'not-released' }, why);
    if (progress.isDone) {
      await reply(request, 'SUCCESS', endWords(released, progress));
      return undefined;
    }
    if (mayRunAgain()) return { ...request, Continued: { startedAt: former.startedAt, released, runs } };
    await reply(request, 'FAILED', `${releasedWords(released)}, and time ran out before the rest; ${howToGoOn}`);
    return undefined;
  }

  return {
    /** Does what is asked, and answers it. What comes back is to be handed to the next invocation. */
    async follow(request: DeploymentRequest, mayGoOn: () => boolean): Promise<DeploymentRequest | undefined> {
      switch (request.RequestType) {
        case 'Create':
        case 'Update':
          await begin(request);
          return undefined;
        case 'Delete':
          return end(request, mayGoOn);
      }
    },
  };
}

function endWords(released: number, { left }: ReleaseProgress): string {
  const named = left.slice(0, 10).map(({ functionArn, why }) => `${functionArn} (${why})`);
  const others = left.length > named.length ? `, and ${left.length - named.length} more: see the log` : '';
  const end = releasedWords(released);
  return left.length === 0
    ? end
    : `${end}; ${left.length} could not be and stay as they are: ${named.join(', ')}${others}`;
}

function releasedWords(count: number): string {
  return count === 1 ? '1 function was released' : `${count} functions were released`;
}
