import { createHash } from 'node:crypto';
import { buildApp } from 'fauxqs';
import { type ApiRequest, type ApiResponse, type ApiService, AwsError } from './api.ts';
import { moveMessages } from './message-move.ts';
import { escapeXml } from './xml.ts';

/**
 * SQS and SNS, by fauxqs in the same process. fauxqs knows one account only, 000000000000, and puts the region into the
 * host of queue URLs; here every ARN, URL and envelope is translated, so that clients see nothing but the hub's account
 * and the one endpoint. Message bodies and policies are never touched on their way in.
 */
export interface Messaging {
  readonly sqs: ApiService;
  readonly sns: ApiService;
  /** Ends waiting receivers. */
  stop(): Promise<void>;
}

/** What the translation needs to know. */
export interface MessagingOptions {
  readonly accountId: string;
  /** The one endpoint; asked late, because its port is not known before it listens. */
  readonly endpoint: () => string;
}

const FAUXQS_ACCOUNT = '000000000000';
const FAUXQS_HOST = 'sandbox';

/** Starts fauxqs without a port of its own. */
export async function startMessaging(options: MessagingOptions): Promise<Messaging> {
  const app = buildApp({ logger: false, host: FAUXQS_HOST });
  await app.ready();
  const translate = createTranslation(options);

  const call = async (request: ApiRequest, body: string, contentType: string): Promise<ApiResponse> => {
    const answer = await app.inject({
      method: 'POST',
      url: '/',
      headers: {
        host: FAUXQS_HOST,
        'content-type': contentType,
        'x-amz-target': request.headers['x-amz-target'] ?? '',
        // fauxqs reads the region out of the signature, and nothing else.
        authorization: `AWS4-HMAC-SHA256 Credential=sandbox/20000101/${request.region}/${request.service}/aws4_request`,
      },
      payload: body,
    });
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'x-amzn-query-error']) {
      const value = answer.headers[name];
      if (typeof value === 'string') {
        headers[name] = value;
      }
    }
    return { status: answer.statusCode, headers, body: answer.payload };
  };

  const sqs: ApiService = async (request) => {
    const answer = await call(request, translate.sqsRequest(request), 'application/x-amz-json-1.0');
    return { ...answer, body: translate.sqsResponse(answer, request.region) };
  };
  const move = moveMessages(sqs);

  return {
    sqs: (request) => {
      const target = request.headers['x-amz-target'];
      if (target === undefined) {
        throw new AwsError(
          'InvalidAction',
          400,
          'The sandbox speaks the JSON protocol of SQS only; the query protocol of SDKs before 2024 is not supported.',
        );
      }
      return target === 'AmazonSQS.StartMessageMoveTask' ? move(request) : sqs(request);
    },
    sns: async (request) => {
      const answer = await call(request, translate.snsRequest(request), 'application/x-www-form-urlencoded');
      return { ...answer, body: translate.snsResponse(answer, request.region) };
    },
    stop: async () => {
      await app.close();
    },
  };
}

interface Translation {
  sqsRequest(request: ApiRequest): string;
  sqsResponse(response: ApiResponse, region: string): string;
  snsRequest(request: ApiRequest): string;
  snsResponse(response: ApiResponse, region: string): string;
}

function createTranslation({ accountId, endpoint }: MessagingOptions): Translation {
  const arnsInward = (text: string) =>
    text.replace(new RegExp(`(arn:aws[\\w-]*:(?:sqs|sns):[\\w-]*:)${accountId}(?=:)`, 'g'), `$1${FAUXQS_ACCOUNT}`);
  const arnsOutward = (text: string) =>
    text.replace(new RegExp(`(arn:aws[\\w-]*:(?:sqs|sns):[\\w-]*:)${FAUXQS_ACCOUNT}(?=:)`, 'g'), `$1${accountId}`);

  const urlInward = (url: string, region: string) => {
    const name = url.split('/').at(-1) ?? '';
    return `http://sqs.${region}.${FAUXQS_HOST}/${FAUXQS_ACCOUNT}/${name}`;
  };
  const urlOutward = (url: string) => `${endpoint()}/${accountId}/${url.split('/').at(-1) ?? ''}`;

  return {
    sqsRequest: (request) => {
      const input: unknown = parseJson(request.body.toString('utf8'), 'SQS request');
      if (!isObject(input)) {
        throw new AwsError('SerializationException', 400, "The request's body is not a JSON object.");
      }
      const output: Record<string, unknown> = { ...input };
      if (typeof input['QueueUrl'] === 'string') {
        output['QueueUrl'] = urlInward(input['QueueUrl'], request.region);
      }
      if (isObject(input['Attributes'])) {
        output['Attributes'] = mapRedrive(input['Attributes'], arnsInward);
      }
      return JSON.stringify(output);
    },

    sqsResponse: (response, region) => {
      const text = response.body.toString('utf8');
      const output: unknown = text === '' ? {} : parseJson(text, 'SQS response');
      if (!isObject(output)) {
        return text;
      }
      const result: Record<string, unknown> = { ...output };
      if (typeof output['QueueUrl'] === 'string') {
        result['QueueUrl'] = urlOutward(output['QueueUrl']);
      }
      if (Array.isArray(output['QueueUrls'])) {
        result['QueueUrls'] = output['QueueUrls']
          .map(String)
          .filter((url) => url.startsWith(`http://sqs.${region}.`))
          .map(urlOutward);
      }
      if (isObject(output['Attributes'])) {
        const attributes = mapRedrive(output['Attributes'], arnsOutward);
        const arn = attributes['QueueArn'];
        result['Attributes'] = typeof arn === 'string' ? { ...attributes, QueueArn: arnsOutward(arn) } : attributes;
      }
      if (Array.isArray(output['Messages'])) {
        result['Messages'] = output['Messages'].map((message: unknown) =>
          isObject(message) ? translateMessage(message, accountId, arnsOutward) : message,
        );
      }
      return JSON.stringify(result);
    },

    snsRequest: (request) => {
      const form = new URLSearchParams(request.body.toString('utf8'));
      for (const [name, value] of [...form]) {
        if (/^(TopicArn|SubscriptionArn|ResourceArn|Endpoint)$/.test(name)) {
          form.set(name, arnsInward(value));
        }
      }
      applyMessageStructure(form);
      return form.toString();
    },

    snsResponse: (response, region) =>
      arnsOutward(withoutOtherRegions(response.body.toString('utf8'), region))
        .replaceAll(`<Owner>${FAUXQS_ACCOUNT}</Owner>`, `<Owner>${accountId}</Owner>`)
        .replaceAll(`<value>${FAUXQS_ACCOUNT}</value>`, `<value>${accountId}</value>`)
        .replaceAll(`arn:aws:iam::${FAUXQS_ACCOUNT}:`, `arn:aws:iam::${accountId}:`),
  };
}

/** fauxqs lists topics and subscriptions of all regions, and AWS those of the client's. */
function withoutOtherRegions(xml: string, region: string): string {
  return xml.replace(/<member>.*?<\/member>/gs, (member) => {
    const owner = /<(?:TopicArn|SubscriptionArn)>arn:aws[\w-]*:sns:([\w-]+):/.exec(member)?.[1];
    return owner === undefined || owner === region ? member : '';
  });
}

function mapRedrive(
  attributes: Readonly<Record<string, unknown>>,
  translate: (text: string) => string,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...attributes };
  for (const name of ['RedrivePolicy', 'RedriveAllowPolicy']) {
    const policy = attributes[name];
    if (typeof policy === 'string') {
      result[name] = translate(policy);
    }
  }
  return result;
}

function translateMessage(
  message: Readonly<Record<string, unknown>>,
  accountId: string,
  arnsOutward: (text: string) => string,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...message };
  const attributes = message['Attributes'];
  if (isObject(attributes) && attributes['SenderId'] === FAUXQS_ACCOUNT) {
    result['Attributes'] = { ...attributes, SenderId: accountId };
  }
  const body = message['Body'];
  if (typeof body === 'string' && body.startsWith('{"Type":"Notification"')) {
    const translated = translateEnvelope(body, arnsOutward);
    result['Body'] = translated;
    result['MD5OfBody'] = createHash('md5').update(translated).digest('hex');
  }
  return result;
}

/** Only the members that SNS itself has written are translated, never the message inside. */
function translateEnvelope(body: string, arnsOutward: (text: string) => string): string {
  const envelope: unknown = JSON.parse(body);
  if (!isObject(envelope)) {
    return body;
  }
  const translated: Record<string, unknown> = { ...envelope };
  for (const name of ['TopicArn', 'UnsubscribeURL']) {
    const value = envelope[name];
    if (typeof value === 'string') {
      translated[name] = arnsOutward(value);
    }
  }
  return JSON.stringify(translated);
}

// fauxqs delivers to queues only, and hands the whole document on where SNS picks the text for the protocol.
function applyMessageStructure(form: URLSearchParams): void {
  for (const name of [...form.keys()]) {
    const prefix = /^(.*)MessageStructure$/.exec(name)?.[1];
    if (prefix === undefined || form.get(name) !== 'json') {
      continue;
    }
    const texts: unknown = parseMessageDocument(form.get(`${prefix}Message`) ?? '');
    if (!isObject(texts) || typeof texts['default'] !== 'string') {
      throw new AwsError(
        'InvalidParameter',
        400,
        'Invalid parameter: Message Structure - No default entry in JSON message body',
      );
    }
    const text = texts['sqs'];
    form.set(`${prefix}Message`, typeof text === 'string' ? text : texts['default']);
  }
}

function parseMessageDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AwsError(
      'InvalidParameter',
      400,
      'Invalid parameter: Message Structure - JSON message body failed to parse',
    );
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AwsError('SerializationException', 400, `The ${what} is not JSON: ${escapeXml(String(error))}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
