import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidInput, ServiceUnavailable } from '../domain/errors.ts';
import type { CloudFormationAnswer } from '../domain/ports.ts';

const attempts = 5;
const longestAttemptMs = 10_000;
/** CloudFormation takes answers of 4,096 bytes; the reason may be all but the rest of it. */
const longestReason = 2_000;

/** The beginning of a text that takes no more bytes than this as JSON. */
function beginningOf(text: string, bytes: number): string {
  let words = text.slice(0, bytes);
  while (Buffer.byteLength(JSON.stringify(words)) > bytes + 2) words = words.slice(0, -1);
  return words;
}

/**
 * Puts an answer where CloudFormation waits for it; without one, it waits for an hour.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 * @throws {ServiceUnavailable} where it can't be reached; {InvalidInput} where it does not take the answer.
 */
export async function answerCloudFormation(responseUrl: string, answer: CloudFormationAnswer): Promise<void> {
  const body = JSON.stringify({ ...answer, Reason: beginningOf(answer.Reason, longestReason) });
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    try {
      // The URL is signed for a request without a content type.
      const response = await fetch(responseUrl, {
        method: 'PUT',
        body,
        headers: { 'content-type': '' },
        signal: AbortSignal.timeout(longestAttemptMs),
      });
      if (response.ok) return;
      problem = `it answered ${response.status}`;
      if (response.status < 500 && response.status !== 429)
        throw new InvalidInput(`CloudFormation did not take the answer to ${answer.RequestId}: ${problem}`);
    } catch (error) {
      if (error instanceof InvalidInput) throw error;
      problem = error instanceof Error ? error.message : String(error);
    }
    if (attempt === attempts)
      throw new ServiceUnavailable(`CloudFormation could not be answered, ${attempts} times: ${problem}`);
    await sleep(500 * 2 ** attempt);
  }
}
