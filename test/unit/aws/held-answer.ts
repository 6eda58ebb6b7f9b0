/** An answer of AWS that is kept on its way, until the test lets it come. */
export interface HeldAnswer {
  /** Settles once AWS has answered, which nobody knows yet. */
  readonly isOnItsWay: Promise<void>;
  come(): void;
  /** The connection ends in the place of the answer. */
  getLost(): void;
  /** For the client: waits until the answer may come. */
  wait(): Promise<void>;
}

/** Keeps an answer on its way. */
export function holdAnswer(): HeldAnswer {
  const answered = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  return {
    isOnItsWay: answered.promise,
    come: () => arrived.resolve(),
    getLost: () => arrived.reject(new Error('the connection is lost')),
    wait() {
      answered.resolve();
      return arrived.promise;
    },
  };
}
