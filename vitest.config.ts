import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,contract,e2e,fuzz,simulation}/**/*.test.ts'],
    environment: 'node',
    // Ends what hangs; how long a test takes on a busy machine says nothing about the code.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
