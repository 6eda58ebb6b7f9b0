import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/{unit,contract,e2e}/**/*.test.ts'], environment: 'node' } });
