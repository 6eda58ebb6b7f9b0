import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,contract,e2e,fuzz,simulation}/**/*.test.ts'],
    environment: 'node',
    // Tests against the sandbox mostly wait: more of them than there are cores end sooner.
    maxWorkers: 3,
    // Ends what hangs; how long a test takes on a busy machine says nothing about the code.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
