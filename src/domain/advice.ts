import type { Outcome } from './record.ts';

/** What a person can do about an outcome, in a sentence; documented row by row in docs/decisions.md. */
export function adviceFor({ status, reason, action }: Pick<Outcome, 'status' | 'reason' | 'action'>): string {
  if (status === 'protected')
    return action === 'repaired'
      ? 'Nothing has to be done now. To end it at its source, keep the layer and variables in the code that deploys the function, or take the opt-in tag off.'
      : nothing;
  if (action === 'reported')
    return 'The mode is audit, so nothing was changed; set it to enforce in the policy to have it put right.';
  return advice[reason] ?? nothing;
}

const nothing = 'Nothing has to be done.';

const advice: Readonly<Record<string, string>> = {
  'tags-unreadable': 'Let Layerward’s role read tags (lambda:ListTags) in this account.',
  'environment-unreadable':
    'Let Layerward’s role decrypt with the KMS key of the function, or take the opt-in tag off.',
  'foreign-wrapper': 'Take the other tool’s AWS_LAMBDA_EXEC_WRAPPER off, or take the opt-in tag off.',
  'layer-limit': 'Free one of the function’s five layers, for instance by merging two.',
  'environment-size': 'Shorten the function’s variables, or move some of them to Parameter Store.',
  'credentials-missing':
    'Put the secret of the group in place as {"key": "...", "secret": "..."}, or name another group by the tag.',
  'original-handler-lost':
    'Set the function’s Handler to that of its own code once more; Layerward redirects it again.',
  'runtime-frozen': 'AWS takes no more updates for this runtime: move the function to a newer one.',
  'code-signing': 'Have the layer signed by a profile that the function’s code signing configuration allows.',
  'layer-access':
    'Have the owner of the layer grant lambda:GetLayerVersion to this account, or name a mirror of it in the policy.',
  'aws-refused': 'Read AWS’s words and put right what they name; the next change of the function tries again.',
  flapping: 'Somebody’s tool undoes the protection each time: keep it in that tool’s code, or take the opt-in tag off.',
  runtime: 'Nothing protects the function. Use a runtime that the agent supports, or another agent.',
  architecture: 'Nothing protects the function. Use an architecture that the agent supports, or another agent.',
  region: 'Name a mirror of the layers for this region in the policy.',
  'container-image': 'Build the agent into the image; layers can’t be attached to it.',
  'lambda-edge': 'Lambda@Edge allows no layers; protect what stands behind it.',
  'opted-out': 'Nothing has to be done; put the tag back to have the function protected again.',
  excluded: 'Nothing has to be done; the policy leaves this function out.',
};
