import type { FunctionVersion, Home, LambdaFunction, Lifecycle } from './state.ts';

/** The last published version, if `$LATEST` is still what it was published from: then AWS publishes no other. */
export function unchangedSincePublished(target: LambdaFunction): FunctionVersion | undefined {
  const from = target.publishedFrom;
  if (from === undefined || from.code.sha256 !== target.latest.code.sha256) return undefined;
  const same =
    from.settings === target.latest.settings ||
    JSON.stringify(from.settings) === JSON.stringify(target.latest.settings);
  return same ? target.published.get(String(target.lastVersion)) : undefined;
}

/** Publishes `$LATEST` as the next number, and gives `$LATEST` another revision, as AWS does. */
export function publish(
  home: Home,
  target: LambdaFunction,
  lifecycle: Lifecycle,
  uuid: () => string,
  description?: string,
): FunctionVersion {
  target.lastVersion += 1;
  target.publishedFrom = target.latest;
  const { settings } = target.latest;
  const version: FunctionVersion = {
    ...target.latest,
    version: String(target.lastVersion),
    settings: description === undefined ? settings : { ...settings, Description: description },
    revisionId: uuid(),
    lifecycle,
  };
  target.published.set(version.version, version);
  target.latest = { ...target.latest, revisionId: uuid() };
  home.codeBytes += version.code.size;
  return version;
}
