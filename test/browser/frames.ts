import type { Page } from 'playwright-core';
import * as z from 'zod';

const measured = z.object({ framesPerSecond: z.number(), longestFrameMs: z.number(), keys: z.number() });

/** How fast the page drew while somebody typed. */
export type Frames = z.output<typeof measured>;

/** Types words into the search field and takes them away again, a key each 40 ms, and counts the frames meanwhile. */
export async function measureFiltering(page: Page, words: readonly string[]): Promise<Frames> {
  // As text, since it runs in the browser, whose types this side does not know.
  const script = `(async () => {
    const input = document.getElementById('search');
    const texts = ${JSON.stringify(words)}.flatMap((word) => {
      const growing = Array.from(word, (_, index) => word.slice(0, index + 1));
      return [...growing, ...growing.slice(0, -1).reverse(), ''];
    });
    const times = [];
    let isRunning = true;
    const note = (time) => { times.push(time); if (isRunning) requestAnimationFrame(note); };
    requestAnimationFrame(note);
    for (const text of texts) {
      input.value = text;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    isRunning = false;
    const gaps = times.slice(1).map((time, index) => time - times[index]);
    return {
      framesPerSecond: 1000 * gaps.length / (times.at(-1) - times[0]),
      longestFrameMs: Math.max(...gaps),
      keys: texts.length,
    };
  })()`;
  return measured.parse(await page.evaluate(script));
}
