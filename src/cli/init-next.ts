import type { Agents } from '../domain/agent.ts';
import { layerSourceFor, type Policy } from '../domain/policy.ts';
import type { Deployment } from './init-samconfig.ts';
import { listOf } from './init-template.ts';

/** Something that a person has to do. */
export interface Step {
  readonly what: string;
  readonly commands: readonly string[];
}

/** What the next steps depend on. */
export interface Outcome {
  readonly deployment: Deployment;
  readonly policy: Policy;
  /** The account that the stack will be in, where it is known. */
  readonly hubAccountId: string | undefined;
  readonly isBuilt: boolean;
}

const stackSets = 'member.org.stacksets.cloudformation.amazonaws.com';

/** What is left to do until Layerward runs, in order. */
export function nextSteps({ deployment, policy, hubAccountId = 'ACCOUNT_OF_THE_STACK', isBuilt }: Outcome): Step[] {
  const { region, parameters = {} } = deployment;
  const inRegion = region === undefined ? '' : ` --region ${region}`;
  const isForOrganization = (parameters['OrganizationId'] ?? '') !== '';
  const isDelegated = parameters['DeployedIn'] !== 'management-account';
  const makesTrail = parameters['CreateOrganizationTrail'] === 'true';
  const secrets = [...new Set(Object.values(policy.groups).map(({ secret }) => secret))];
  return [
    ...(isBuilt ? [] : [{ what: 'Build what is deployed:', commands: ['npm run build'] }]),
    {
      what: 'Put the agent’s credentials in place; secret.json holds {"key": "...", "secret": "..."}. Delete it afterwards:',
      commands: secrets.map(
        (secret) => `aws secretsmanager create-secret${inRegion} --name ${secret} --secret-string file://secret.json`,
      ),
    },
    // EnableAWSServiceAccess alone is not enough: CreateStackSet still says that "You must enable organizations access"
    // (docs.aws.amazon.com/AWSCloudFormation, "Activate trusted access for StackSets with AWS Organizations").
    ...(isForOrganization
      ? [
          {
            what: 'Once, as the organization’s management account: let StackSets deploy into its accounts:',
            commands: [
              `aws cloudformation activate-organizations-access${inRegion}`,
              ...(isDelegated
                ? [
                    `aws organizations register-delegated-administrator --account-id ${hubAccountId} ` +
                      `--service-principal ${stackSets}`,
                  ]
                : []),
            ],
          },
        ]
      : []),
    ...(makesTrail
      ? [
          {
            what: 'Once, as the organization’s management account: let CloudTrail log for all of it:',
            commands: [
              'aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com',
              ...(isDelegated
                ? [`aws cloudtrail register-organization-delegated-admin --member-account-id ${hubAccountId}`]
                : []),
            ],
          },
        ]
      : [
          {
            what: 'See that a CloudTrail trail logs management events in every region; without one, only tag changes are heard of:',
            commands: [`aws cloudtrail describe-trails${inRegion}`],
          },
        ]),
    { what: 'Deploy:', commands: ['sam deploy'] },
  ];
}

/** What is good to know before deploying: what the mode means for functions, and where the agent can't be. */
export function notes({ deployment, policy }: Pick<Outcome, 'deployment' | 'policy'>, agents: Agents): string[] {
  const regions = listOf(deployment.parameters?.['Regions'] ?? '');
  const agent = agents.get(policy.agent);
  const published: readonly string[] = agent ? layerSourceFor(policy, agent).regions : [];
  const missing = (regions.length === 0 ? [deployment.region ?? ''] : regions).filter(
    (region) => region !== '' && !published.includes(region),
  );
  return [
    policy.mode === 'audit'
      ? 'The mode is audit: no function is changed; you are told what would be. docs/operations.md, “The first day”.'
      : 'The mode is enforce: functions with the opt-in tag are changed as soon as the stack is there.',
    ...(missing.length === 0
      ? []
      : [`${policy.agent} has no layers in ${missing.join(', ')}: functions there count as unsupported.`]),
  ];
}

/** The steps as a numbered list. */
export function stepsText(steps: readonly Step[]): string {
  return steps
    .map(({ what, commands }, index) => [`${index + 1}. ${what}`, ...commands.map((one) => `     ${one}`)].join('\n'))
    .join('\n');
}
