import { expect, it } from 'vitest';
import { version } from '../../../src/domain/version.ts';

it('the version is one as npm writes it', () => {
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
