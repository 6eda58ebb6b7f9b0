import { randomUUID } from 'node:crypto';
import { type ApiRequest, type ApiService, AwsError } from './api.ts';
import { toXml, type XmlContent } from './xml.ts';

/** One action of a query service: gets the form, gives what its `…Result` holds; undefined is an empty answer. */
export type QueryAction = (
  form: URLSearchParams,
  request: ApiRequest,
) => XmlContent | undefined | Promise<XmlContent | undefined>;

/**
 * A service that is called by a form with an `Action` and answers in XML, as STS and CloudFormation are.
 *
 * @param title AWS's name of the service, for the error that names what the sandbox has.
 * @param namespace the `xmlns` of its answers.
 */
export function createQueryService(
  title: string,
  namespace: string,
  actions: Readonly<Record<string, QueryAction>>,
): ApiService {
  return async (request) => {
    const form = readForm(request);
    const name = form.get('Action') ?? '';
    const action = actions[name];
    if (action === undefined) {
      throw new AwsError(
        'InvalidAction',
        400,
        `The sandbox's ${title} has no action ${name || '(none named)'}. It has: ${Object.keys(actions).join(', ')}.`,
      );
    }
    const result = await action(form, request);
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        `<${name}Response xmlns="${namespace}">` +
        (result === undefined ? '' : `<${name}Result>${toXml(result)}</${name}Result>`) +
        `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${name}Response>`,
    };
  };
}

/** The parameters of a call: those of its form, and those of its URL where it has no form. */
export function readForm(request: Pick<ApiRequest, 'body' | 'query'>): URLSearchParams {
  return request.body.length === 0 ? request.query : new URLSearchParams(request.body.toString('utf8'));
}

/** The entries of a list: `Name.member.1`, `Name.member.2`, … */
export function listOf(form: URLSearchParams, name: string): readonly string[] {
  const entries: string[] = [];
  for (let entry = form.get(`${name}.member.1`); entry !== null; ) {
    entries.push(entry);
    entry = form.get(`${name}.member.${entries.length + 1}`);
  }
  return entries;
}
