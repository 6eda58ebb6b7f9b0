import { wrapperVariable } from '../../src/domain/agent.ts';

/** What a team has made of its function, whatever Layerward does to it. */
export interface TeamView {
  runtime: string;
  handler: string;
  layers: readonly string[];
  variables: Readonly<Record<string, string>>;
}

/** The names that the simulated agent puts on functions. */
export const ours = {
  redirect: 'trend_app_protect_handler.handler',
  handlerVariable: 'TREND_AP_HANDLER',
  wrapper: '/opt/trend_app_protect',
  isVariable: (name: string) => name === wrapperVariable || name.startsWith('TREND_AP_'),
  isLayer: (arn: string) => arn.includes(':800880067056:'),
} as const;

/** The runtimes that teams use; the last one is not served. */
export const runtimes = ['python3.7', 'python3.8', 'nodejs12.x', 'nodejs14.x', 'python3.9'] as const;
