import { type ApiResponse, type ApiService, AwsError } from './api.ts';
import type { CallLog } from './call-log.ts';
import type { Deployment } from './deploy.ts';
import type { ControlRequest } from './endpoint.ts';
import type { LambdaControlPlane } from './lambda/control-plane.ts';

/** What of a sandbox can be seen and changed from outside, under `/_sandbox/`. */
export interface Control {
  readonly services: ReadonlyMap<string, ApiService>;
  readonly lambda: LambdaControlPlane;
  readonly calls: CallLog;
  readonly deployment: () => Deployment | undefined;
  readonly deployPolicy: (policy: unknown) => Promise<void>;
}

/** What can be asked of the sandbox itself; `docs/sandbox.md` lists it. */
export async function answerControl(
  { method, name, query, body }: ControlRequest,
  control: Control,
): Promise<ApiResponse> {
  switch (`${method} ${name}`) {
    case 'GET health':
      return json({
        status: 'ok',
        services: [...control.services.keys()],
        deployed: control.deployment() !== undefined,
      });
    case 'GET deployment':
      return json(control.deployment() ?? null);
    case 'GET faults':
      return json(control.lambda.faults.read());
    case 'PUT faults':
      return json(control.lambda.faults.replace(parseControlBody(body)));
    case 'DELETE faults':
      return json(control.lambda.faults.replace({}));
    case 'GET calls': {
      const wanted = [...query];
      return json(
        control.calls.list().filter((call) =>
          wanted.every(([key, value]) => {
            switch (key) {
              case 'caller':
                return call.caller.kind === value;
              case 'service':
              case 'action':
              case 'region':
                return call[key] === value;
              default:
                throw new AwsError(
                  'InvalidQuery',
                  400,
                  `Calls are filtered by caller, service, action, region; not ${key}`,
                );
            }
          }),
        ),
      );
    }
    case 'DELETE calls':
      control.calls.reset();
      return json([]);
    case 'PUT policy':
      await control.deployPolicy(parseControlBody(body));
      return json({ status: 'ok' });
    default:
      throw new AwsError(
        'NotFound',
        404,
        `There is no ${method} /_sandbox/${name}. There are: GET health, GET deployment, GET|PUT|DELETE faults, GET|DELETE calls, PUT policy.`,
      );
  }
}

function parseControlBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('InvalidJson', 400, `The body is not JSON: ${String(error)}`);
  }
}

function json(value: unknown): ApiResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value, null, 2) };
}
