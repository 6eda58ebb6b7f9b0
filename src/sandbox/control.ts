import * as z from 'zod';
import type { Access } from './access/access.ts';
import { parsePolicy } from './access/policy.ts';
import { roleDefinition, roleOf } from './access/role-definition.ts';
import { type ApiResponse, type ApiService, AwsError } from './api.ts';
import type { CallLog } from './call-log.ts';
import type { Deployment } from './deploy.ts';
import type { StackServices } from './deployers/context.ts';
import type { ControlRequest } from './endpoint.ts';
import type { FunctionHost } from './function-host.ts';
import type { LambdaControlPlane } from './lambda/control-plane.ts';
import { readFunctionSeeds } from './lambda/seed.ts';
import type { Organization } from './organization/organization.ts';
import type { Sandbox } from './sandbox.ts';

/** What of a sandbox can be seen and changed from outside, under `/_sandbox/`. */
export interface Control extends Pick<Sandbox, 'deployPolicy' | 'stackInstances' | 'putAccount' | 'removeDeployment'> {
  readonly services: ReadonlyMap<string, ApiService>;
  readonly lambda: LambdaControlPlane;
  readonly access: Access;
  readonly stacks: StackServices;
  readonly organization: Organization | undefined;
  readonly calls: CallLog;
  readonly host: FunctionHost;
  readonly deployment: () => Deployment | undefined;
}

/** Answers one request; the parameters are the parts of its name that the route leaves open. */
type Handler = (
  request: ControlRequest,
  control: Control,
  parameters: readonly string[],
) => ApiResponse | Promise<ApiResponse>;

/** What can be asked of the sandbox itself; `docs/sandbox.md` lists it. */
const ROUTES: Readonly<Record<string, Handler>> = {
  'GET health': (_request, control) =>
    json({ status: 'ok', services: [...control.services.keys()], deployed: control.deployment() !== undefined }),
  'GET deployment': (_request, control) =>
    json(
      control.deployment() === undefined ? null : { ...control.deployment(), stackInstances: control.stackInstances() },
    ),
  'DELETE deployment': async (_request, control) => json(await attempt(() => control.removeDeployment())),
  'GET faults': (_request, control) => json(control.lambda.faults.read()),
  'PUT faults': ({ body }, control) => json(control.lambda.faults.replace(parseControlBody(body))),
  'DELETE faults': (_request, control) => json(control.lambda.faults.replace({})),
  'GET calls': ({ query }, control) => json(filterCalls(control.calls, query)),
  'DELETE calls': (_request, control) => {
    control.calls.reset();
    return json([]);
  },
  'GET memory': async (_request, { host }) =>
    json({ sandbox: { residentBytes: process.memoryUsage.rss() }, functions: await host.memory() }),
  'PUT policy': async ({ body }, control) => {
    await control.deployPolicy(parseControlBody(body));
    return json({ status: 'ok' });
  },
  'GET organization': (_request, { organization, stackInstances }) =>
    json(
      organization === undefined
        ? null
        : { ...organization.definition, accounts: organization.accounts(), stackInstances: stackInstances() },
    ),
  'POST organization/accounts': async ({ body }, control) =>
    json(await attempt(() => control.putAccount(parse(joining, body)))),
  'PUT organization/accounts/*': async ({ body }, control, [accountId = '']) => {
    const member = control.organization?.account(accountId);
    if (member === undefined) {
      throw new AwsError('NotFound', 404, `There is no account ${accountId} in the organization`);
    }
    const change = parse(changing, body);
    const { name = member.name, organizationalUnit = member.organizationalUnit, status = member.status } = change;
    return json(await attempt(() => control.putAccount({ ...member, ...change, name, organizationalUnit, status })));
  },
  'GET roles': (_request, { access }) => json(access.roles.list()),
  'POST roles': async ({ body }, { access }) => {
    const definition = parse(roleDefinition, body);
    const arn = await attempt(async () => {
      const role = roleOf(definition);
      access.roles.create(role);
      return role.arn;
    });
    return json({ arn });
  },
  'PUT roles/*/*': async ({ body }, { access }, [accountId = '', name = '']) => {
    const { trustPolicy } = parse(z.strictObject({ trustPolicy: z.unknown() }), body);
    const role = requireRole(access, accountId, name);
    const trust = await attempt(async () => parsePolicy(`trust of ${name}`, trustPolicy));
    access.roles.change(role.arn, (known) => ({ ...known, trust }));
    return json({ status: 'ok' });
  },
  'DELETE roles/*/*': (_request, { access }, [accountId = '', name = '']) => {
    access.roles.remove(requireRole(access, accountId, name).arn);
    return json({ status: 'ok' });
  },
  'POST functions': ({ body }, { lambda }) => {
    const functions = readFunctionSeeds(parseControlBody(body));
    lambda.seed(functions);
    return json({ functions: functions.length });
  },
  'GET schedules': (_request, { stacks }) => json(stacks.schedules.list()),
  'POST schedules/*/run': async (_request, { stacks }, [name = '']) => {
    await attempt(() => stacks.schedules.run(name));
    return json({ status: 'ok' });
  },
  'GET permissions': (_request, { access }) => json([...access.used].sort()),
  'PUT custom-resource/*': ({ body }, { stacks }, [id = '']) => {
    if (!stacks.customResources.answer(id, parseControlBody(body))) {
      throw new AwsError('NotFound', 404, `No custom resource waits for the answer ${id}`);
    }
    return json({});
  },
};

/** Answers what is asked of the sandbox itself. */
export async function answerControl(request: ControlRequest, control: Control): Promise<ApiResponse> {
  const asked = `${request.method} ${request.name}`;
  for (const [route, handler] of Object.entries(ROUTES)) {
    const match = new RegExp(`^${route.replaceAll('*', '([^/]+)')}$`).exec(asked);
    if (match !== null) {
      return handler(request, control, match.slice(1).map(decodeURIComponent));
    }
  }
  throw new AwsError(
    'NotFound',
    404,
    `There is no ${request.method} /_sandbox/${request.name}. There are: ${Object.keys(ROUTES).join(', ')}.`,
  );
}

const joining = z.strictObject({
  accountId: z.string().regex(/^\d{12}$/),
  name: z.string().min(1),
  organizationalUnit: z.string(),
  status: z.enum(['ACTIVE', 'SUSPENDED']).optional(),
  disabledRegions: z.array(z.string()).optional(),
  serviceControlPolicies: z.array(z.unknown()).optional(),
});
const changing = joining.omit({ accountId: true }).partial();

function parse<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  const parsed = schema.safeParse(parseControlBody(body));
  if (!parsed.success) {
    throw new AwsError('InvalidInput', 400, z.prettifyError(parsed.error));
  }
  return parsed.data;
}

/** What is asked wrongly of the sandbox is told to whoever asks. */
async function attempt<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof AwsError
      ? error
      : new AwsError('InvalidInput', 400, error instanceof Error ? error.message : String(error));
  }
}

function requireRole(access: Access, accountId: string, name: string) {
  const role = access.roles.list().find((known) => known.accountId === accountId && known.name === name);
  if (role === undefined) {
    throw new AwsError('NotFound', 404, `There is no role ${name} in account ${accountId}`);
  }
  return role;
}

function filterCalls(calls: CallLog, query: URLSearchParams) {
  const wanted = [...query];
  if (!/^\d+$/.test(query.get('after') ?? '0')) {
    throw new AwsError('InvalidQuery', 400, `after takes the sequence of a call, not ${query.get('after')}`);
  }
  return calls.list().filter((call) =>
    wanted.every(([key, value]) => {
      switch (key) {
        case 'after':
          return call.sequence > Number(value);
        case 'caller':
          return call.caller.kind === value;
        case 'functionName':
          return call.caller.functionName === value;
        case 'service':
        case 'action':
        case 'region':
        case 'account':
          return call[key] === value;
        default:
          throw new AwsError(
            'InvalidQuery',
            400,
            `Calls are filtered by after, caller, functionName, service, action, region, account; not ${key}`,
          );
      }
    }),
  );
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
