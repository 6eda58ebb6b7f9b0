import { defineConfig } from 'vitest/config';

/* The tests that mutants of src/domain have to survive: all that need nothing but memory and are quick. */
export default defineConfig({
  test: {
    include: ['test/unit/domain/**/*.test.ts'],
    // Minutes of chance for each mutant; whatever only they find gets a test of its own.
    exclude: ['test/unit/domain/properties.test.ts'],
    environment: 'node',
    testTimeout: 120_000,
  },
});
