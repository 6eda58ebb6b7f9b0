/** The environment that the template gives to the function, with nothing of a real account in it. */
export function functionEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    LAYERWARD_TABLE_NAME: 'records',
    LAYERWARD_TOPIC_ARN: 'arn:aws:sns:us-east-1:111122223333:alerts',
    LAYERWARD_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/111122223333/changes',
    LAYERWARD_EVENT_BUS_NAME: 'default',
    LAYERWARD_APPCONFIG_APPLICATION: 'application',
    LAYERWARD_APPCONFIG_ENVIRONMENT: 'environment',
    LAYERWARD_APPCONFIG_PROFILE: 'profile',
    LAYERWARD_OWN_ROLE_ARNS: 'arn:aws:iam::111122223333:role/layerward-remediate',
    LAYERWARD_OWN_FUNCTION_ARNS: 'arn:aws:lambda:us-east-1:111122223333:function:layerward-remediate',
    POWERTOOLS_METRICS_NAMESPACE: 'Layerward',
    POWERTOOLS_SERVICE_NAME: 'remediate',
  };
}
