import { type ApiRequest, type ApiResponse, AwsError } from './api.ts';
import { escapeXml } from './xml.ts';

/** How a service talks: the wire formats that the AWS SDKs, the AWS CLI and boto3 use for the services served here. */
export type Protocol = 'rest-json' | 'json-1.0' | 'json-1.1' | 'query' | 'rest-xml';

const PROTOCOLS = {
  lambda: 'rest-json',
  appconfig: 'rest-json',
  dynamodb: 'json-1.0',
  sqs: 'json-1.0',
  events: 'json-1.1',
  secretsmanager: 'json-1.1',
  tagging: 'json-1.1',
  logs: 'json-1.1',
  cloudtrail: 'json-1.1',
  organizations: 'json-1.1',
  monitoring: 'json-1.0',
  states: 'json-1.0',
  sns: 'query',
  sts: 'query',
  cloudformation: 'query',
  s3: 'rest-xml',
} as const satisfies Readonly<Record<string, Protocol>>;

/** The signing names of the services whose protocol is known. */
export const SERVICE_NAMES: readonly string[] = Object.keys(PROTOCOLS);

/** The protocol that an answer to this request has to speak; judged by the request itself for services not served. */
export function protocolOf(request: Pick<ApiRequest, 'service' | 'headers'>): Protocol {
  const contentType = request.headers['content-type'] ?? '';
  const known: Readonly<Record<string, Protocol>> = PROTOCOLS;
  return (
    known[request.service] ??
    (request.headers['x-amz-target'] !== undefined
      ? contentType.includes('1.0')
        ? 'json-1.0'
        : 'json-1.1'
      : contentType.startsWith('application/x-www-form-urlencoded')
        ? 'query'
        : 'rest-json')
  );
}

/** Renders a refusal as the service would. */
export function renderError(
  error: AwsError,
  request: Pick<ApiRequest, 'service' | 'headers'>,
  requestId: string,
): ApiResponse {
  const protocol = protocolOf(request);
  switch (protocol) {
    case 'rest-json':
      return {
        status: error.status,
        headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code, ...error.headers },
        body: JSON.stringify({ ...error.members, [messageMember(request.service, error.code)]: error.message }),
      };
    case 'json-1.0':
    case 'json-1.1':
      return {
        status: error.status,
        headers: {
          'content-type': `application/x-amz-${protocol}`,
          ...(request.service === 'sqs'
            ? { 'x-amzn-query-error': `${error.code};${error.status < 500 ? 'Sender' : 'Receiver'}` }
            : {}),
          ...error.headers,
        },
        body: JSON.stringify({ __type: error.code, ...error.members, message: error.message }),
      };
    case 'query':
      return {
        status: error.status,
        headers: { 'content-type': 'text/xml', ...error.headers },
        body:
          `<ErrorResponse><Error><Type>${error.status < 500 ? 'Sender' : 'Receiver'}</Type>` +
          `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error>` +
          `<RequestId>${requestId}</RequestId></ErrorResponse>`,
      };
    case 'rest-xml':
      return {
        status: error.status,
        headers: { 'content-type': 'application/xml', ...error.headers },
        body: `<Error><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error>`,
      };
  }
}

/** What a fault of the sandbox itself looks like to a client. */
export function internalError(cause: unknown): AwsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AwsError('InternalFailure', 500, `The sandbox failed on this call: ${reason}`);
}

// Lambda's model spells the member of most errors `message`, and of these `Message`.
const WITH_CAPITAL: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'ServiceException',
  'CodeSigningConfigNotFoundException',
  'CodeVerificationFailedException',
  'InvalidCodeSignatureException',
  'ResourceInUseException',
  'EC2AccessDeniedException',
  'KMSAccessDeniedException',
  'InvalidRuntimeException',
  'InvalidZipFileException',
]);

function messageMember(service: string, code: string): 'Message' | 'message' {
  return service !== 'lambda' || WITH_CAPITAL.has(code) ? 'Message' : 'message';
}
