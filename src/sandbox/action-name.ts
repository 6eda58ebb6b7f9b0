import type { ApiRequest } from './api.ts';

/** The API's name of what a request asks for, such as `GetFunction`; `Unknown` if it cannot be told. */
export function actionName(
  request: Pick<ApiRequest, 'service' | 'method' | 'path' | 'query' | 'headers' | 'body'>,
): string {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) {
    return target.split('.').at(-1) ?? 'Unknown';
  }
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return new URLSearchParams(request.body.toString('utf8')).get('Action') ?? 'Unknown';
  }
  return request.query.get('Action') ?? restAction(request) ?? 'Unknown';
}

// Lambda and AppConfig Data are told apart by method and path alone. `@` stands for one path segment.
const REST_ACTIONS: readonly (readonly [string, string, string])[] = [
  ['POST', '/configurationsessions', 'StartConfigurationSession'],
  ['GET', '/configuration', 'GetLatestConfiguration'],
  ['POST', '/functions', 'CreateFunction'],
  ['GET', '/functions', 'ListFunctions'],
  ['GET', '/functions/@', 'GetFunction'],
  ['DELETE', '/functions/@', 'DeleteFunction'],
  ['GET', '/functions/@/configuration', 'GetFunctionConfiguration'],
  ['PUT', '/functions/@/configuration', 'UpdateFunctionConfiguration'],
  ['PUT', '/functions/@/code', 'UpdateFunctionCode'],
  ['POST', '/functions/@/invocations', 'Invoke'],
  ['POST', '/functions/@/versions', 'PublishVersion'],
  ['GET', '/functions/@/versions', 'ListVersionsByFunction'],
  ['POST', '/functions/@/aliases', 'CreateAlias'],
  ['GET', '/functions/@/aliases', 'ListAliases'],
  ['GET', '/functions/@/aliases/@', 'GetAlias'],
  ['PUT', '/functions/@/aliases/@', 'UpdateAlias'],
  ['DELETE', '/functions/@/aliases/@', 'DeleteAlias'],
  ['GET', '/functions/@/policy', 'GetPolicy'],
  ['POST', '/functions/@/policy', 'AddPermission'],
  ['DELETE', '/functions/@/policy/@', 'RemovePermission'],
  ['GET', '/functions/@/concurrency', 'GetFunctionConcurrency'],
  ['PUT', '/functions/@/concurrency', 'PutFunctionConcurrency'],
  ['DELETE', '/functions/@/concurrency', 'DeleteFunctionConcurrency'],
  ['GET', '/functions/@/code-signing-config', 'GetFunctionCodeSigningConfig'],
  ['PUT', '/functions/@/code-signing-config', 'PutFunctionCodeSigningConfig'],
  ['DELETE', '/functions/@/code-signing-config', 'DeleteFunctionCodeSigningConfig'],
  ['POST', '/code-signing-configs', 'CreateCodeSigningConfig'],
  ['GET', '/code-signing-configs', 'ListCodeSigningConfigs'],
  ['GET', '/code-signing-configs/@', 'GetCodeSigningConfig'],
  ['PUT', '/code-signing-configs/@', 'UpdateCodeSigningConfig'],
  ['DELETE', '/code-signing-configs/@', 'DeleteCodeSigningConfig'],
  ['GET', '/layers', 'ListLayers'],
  ['GET', '/layers/@/versions', 'ListLayerVersions'],
  ['POST', '/layers/@/versions', 'PublishLayerVersion'],
  ['GET', '/layers/@/versions/@', 'GetLayerVersion'],
  ['DELETE', '/layers/@/versions/@', 'DeleteLayerVersion'],
  ['GET', '/layers/@/versions/@/policy', 'GetLayerVersionPolicy'],
  ['POST', '/layers/@/versions/@/policy', 'AddLayerVersionPermission'],
  ['DELETE', '/layers/@/versions/@/policy/@', 'RemoveLayerVersionPermission'],
  ['GET', '/tags/@', 'ListTags'],
  ['POST', '/tags/@', 'TagResource'],
  ['DELETE', '/tags/@', 'UntagResource'],
  ['GET', '/account-settings', 'GetAccountSettings'],
  ['GET', '/event-source-mappings', 'ListEventSourceMappings'],
];

function restAction(request: Pick<ApiRequest, 'method' | 'path' | 'query'>): string | undefined {
  const path = request.path.replace(/^\/\d{4}-\d{2}-\d{2}/, '').replace(/\/$/, '');
  if (request.method === 'GET' && path === '/layers' && request.query.get('find') === 'LayerVersion') {
    return 'GetLayerVersionByArn';
  }
  const segments = path.split('/');
  return REST_ACTIONS.find(([method, shape]) => {
    const expected = shape.split('/');
    return (
      method === request.method &&
      expected.length === segments.length &&
      expected.every((segment, index) => segment === '@' || segment === segments[index])
    );
  })?.[2];
}
