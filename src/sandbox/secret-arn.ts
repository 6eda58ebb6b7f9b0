import { uniqueId } from './identity.ts';

/** The ARN of a secret: its six last characters, which AWS picks, are always the same here for a name and region. */
export function secretArn(home: { readonly account: string; readonly region: string }, name: string): string {
  const suffix = uniqueId('', `${home.region}/${name}`).slice(0, 6);
  return `arn:aws:secretsmanager:${home.region}:${home.account}:secret:${name}-${suffix}`;
}
