import type { BusEvent, Target } from './event-bus.ts';

/**
 * What a target gets: the event, a part of it, a constant, or a text made of parts of it, as JSON text or plain text.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function targetInput(target: Target, ruleArn: string, event: BusEvent): string {
  if (target.Input !== undefined) {
    return target.Input;
  }
  if (target.InputPath !== undefined) {
    return JSON.stringify(readPath(event, target.InputPath) ?? null);
  }
  if (target.InputTransformer !== undefined) {
    const { InputPathsMap = {}, InputTemplate } = target.InputTransformer;
    const values = new Map<string, unknown>(
      Object.entries(InputPathsMap).map(([name, path]) => [name, readPath(event, path)]),
    );
    values.set('aws.events.rule-arn', ruleArn);
    values.set('aws.events.rule-name', ruleArn.split('/').at(-1));
    values.set('aws.events.event.json', event);
    values.set('aws.events.event', event);
    values.set('aws.events.event.ingestion-time', event.time);
    return fill(InputTemplate, values);
  }
  return JSON.stringify(event);
}

// Within quotation marks a value stands as text; outside of them as JSON. One that there is not is left empty.
function fill(template: string, values: ReadonlyMap<string, unknown>): string {
  let isQuoted = false;
  return template.replace(/\\.|"|<([\w.-]+)>/gs, (whole, name: string | undefined) => {
    if (whole === '"') {
      isQuoted = !isQuoted;
      return whole;
    }
    if (name === undefined || !values.has(name)) {
      return whole;
    }
    const value = values.get(name);
    if (!isQuoted) {
      return value === undefined ? '""' : JSON.stringify(value);
    }
    const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
    return JSON.stringify(text).slice(1, -1);
  });
}

/** `$.detail.requestParameters.name`, `$.resources[0]`, `$.detail['a-b']`. */
function readPath(event: unknown, path: string): unknown {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\['([^']*)'\]|\[(\d+)\]/g)];
  let value = event;
  for (const [, name, quoted, index] of steps) {
    const key = name ?? quoted ?? index ?? '';
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Object.entries(value).find(([known]) => known === key)?.[1]
        : undefined;
  }
  return value;
}
