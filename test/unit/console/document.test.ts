import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { jsonForHtml, pageDocument } from '../../../src/console/document.ts';
import { bundlePage } from '../../../src/console/page-bundle.ts';
import { buildReport } from '../../../src/service/report.ts';
import { report } from '../../../src/service/report-schema.ts';
import { recordOf } from './record.ts';

const now = new Date('2026-11-24T00:00:00.000Z');
const since = new Date('2026-11-01T00:00:00.000Z');
const hostile = '</script><script>alert(1)</script><!-- ]]> \u2028 <img src=x onerror=alert(1)>';

describe('the document', () => {
  it('holds data that nothing can get out of, and that is read back as it was', () => {
    const text = jsonForHtml({ name: hostile });
    expect(text).not.toContain('<');
    expect(JSON.parse(text)).toEqual({ name: hostile });
  });

  it('in a file has the report in it, and asks for nothing from anywhere', async () => {
    const record = recordOf({ detail: hostile, status: 'blocked', reason: 'aws-refused' });
    const given = buildReport([record], [], [], now, { since });
    const { html, policy } = pageDocument(await bundlePage(), { kind: 'file', report: given });
    const data = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(report.parse(JSON.parse(data))).toEqual(given);
    expect(html.match(/<\/script>/g)).toHaveLength(3);
    expect(policy).not.toMatch(/connect-src|unsafe|http/);
    const addresses = [...html.replace(data, '').matchAll(/\b(?:src|href)="([^"]*)"/g)].map(
      ([, address = '']) => address,
    );
    expect(addresses.filter((address) => !/^(#|data:)/.test(address))).toEqual([]);
    expect(/@import|url\(/.test((await bundlePage()).style)).toBe(false);
  });

  it('lets no script and no style run but its own: each is named by its hash', async () => {
    const { html, policy } = pageDocument(await bundlePage(), { kind: 'live' });
    const inline = [...html.matchAll(/<(script|style)>(.*?)<\/\1>/gs)].map(([, , text = '']) => text);
    expect(inline).toHaveLength(3);
    for (const text of inline)
      expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    expect(html).toContain(`content="${policy}"`);
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("connect-src 'self'");
    expect(html).not.toMatch(/\son\w+="|\sstyle="/);
  });
});

describe('the page’s script', () => {
  it('never makes HTML or code of text', async () => {
    const { script } = await bundlePage();
    const ways = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment/;
    expect(ways.exec(script)).toBeNull();
  });
});
