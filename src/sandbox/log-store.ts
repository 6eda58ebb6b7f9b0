/** What deployed functions printed, kept as CloudWatch Logs keeps it: lines in streams in groups. */

/** One log event. Times in milliseconds since 1970. */
export interface LogEvent {
  readonly id: string;
  readonly group: string;
  readonly stream: string;
  readonly timestamp: number;
  readonly message: string;
}

/** A place for log lines that are read back by CloudWatch Logs and by the metrics made of them. */
export interface LogStore {
  createGroup(group: string): void;
  append(group: string, stream: string, message: string): void;
  /** Groups with the time of their creation. */
  groups(): ReadonlyMap<string, number>;
  streams(group: string): readonly string[];
  /** Events of a group in the order in which they were written. */
  events(group: string): readonly LogEvent[];
}

/** A log store that keeps the last `capacity` events of each group. */
export function createLogStore(now: () => number, capacity = 50_000): LogStore {
  const groups = new Map<
    string,
    { readonly created: number; readonly streams: Set<string>; readonly events: LogEvent[] }
  >();
  let written = 0;
  const open = (name: string) => {
    const known = groups.get(name);
    if (known !== undefined) {
      return known;
    }
    const group = { created: now(), streams: new Set<string>(), events: [] };
    groups.set(name, group);
    return group;
  };
  return {
    createGroup: (name) => {
      open(name);
    },
    append: (name, stream, message) => {
      const group = open(name);
      group.streams.add(stream);
      // CloudWatch's ids are numbers of 56 digits that grow with time.
      const id = String(++written).padStart(56, '0');
      group.events.push({ id, group: name, stream, timestamp: now(), message });
      if (group.events.length > capacity) {
        group.events.splice(0, group.events.length - capacity);
      }
    },
    groups: () => new Map([...groups].map(([name, { created }]) => [name, created])),
    streams: (name) => [...(groups.get(name)?.streams ?? [])],
    events: (name) => groups.get(name)?.events ?? [],
  };
}
