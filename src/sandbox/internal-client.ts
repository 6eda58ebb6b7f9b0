import type { ApiRequest, ApiService, Caller } from './api.ts';
import { parseJsonBody } from './json-service.ts';
import { unescapeXml } from './xml.ts';

/** Calls the sandbox's own services without a wire, for what AWS does on its own behalf. Such calls are in no log. */
export interface InternalClient {
  /** Calls a JSON action, such as `('sqs', 'AmazonSQS.CreateQueue', {…})`. @throws Error for a refusal. */
  json(service: string, target: string, input: unknown): Promise<unknown>;
  /** Calls an action of the query protocol and returns the XML. @throws Error for a refusal. */
  query(service: string, parameters: Readonly<Record<string, string>>): Promise<string>;
}

export function createInternalClient(
  services: ReadonlyMap<string, ApiService>,
  caller: Caller,
  region: string,
): InternalClient {
  const send = async (service: string, headers: Readonly<Record<string, string>>, body: string): Promise<Buffer> => {
    const handle = services.get(service);
    if (handle === undefined) {
      throw new Error(`The sandbox has no ${service}`);
    }
    const request: ApiRequest = {
      service,
      region,
      caller,
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers,
      body: Buffer.from(body),
    };
    const response = await handle(request);
    const answer = Buffer.from(response.body);
    if (response.status >= 400) {
      throw new Error(
        `${headers['x-amz-target'] ?? service} was refused with ${response.status}: ${answer.toString()}`,
      );
    }
    return answer;
  };

  return {
    json: async (service, target, input) =>
      parseJsonBody(await send(service, { 'x-amz-target': target }, JSON.stringify(input))),
    query: async (service, parameters) =>
      (
        await send(
          service,
          { 'content-type': 'application/x-www-form-urlencoded' },
          new URLSearchParams(parameters).toString(),
        )
      ).toString(),
  };
}

/** The text of the first element with this name. */
export function xmlText(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text === undefined ? undefined : unescapeXml(text);
}
