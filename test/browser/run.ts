import { checkInBrowser } from '../../scripts/verify/browser.ts';

/*
 * `node test/browser/run.ts`: the page in a real browser, as `npm run verify` looks at it. With `--images`, the pictures
 * of the README are taken anew.
 */

try {
  console.log(await checkInBrowser(process.argv.includes('--images') ? 'for the README' : 'for nobody'));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
