import { createHash } from 'node:crypto';
import type { Report } from '../service/report-schema.ts';
import type { PageBundle } from './page-bundle.ts';

/** The page as a file that needs nobody, with its report in it; or live, with a console to ask. */
export type PageContent = { readonly kind: 'file'; readonly report: Report } | { readonly kind: 'live' };

/** A document, and the Content-Security-Policy that it is to be shown under. */
export interface PageDocument {
  readonly html: string;
  readonly policy: string;
}

/** Sets the theme that was chosen before anything is drawn. */
const themeScript = `try{const t=localStorage.getItem('layerward-theme');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}`;

/** Asks for the report while the page's own script is still being read. */
const earlyScript =
  "globalThis.layerwardReport=fetch('api/report').then(a=>a.ok?a.json():undefined).catch(()=>undefined)";

/** A layer, kept in its place. */
const favicon = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b6e58"/><g fill="none" stroke="#fff" stroke-width="2.6" stroke-linejoin="round" stroke-linecap="round"><path d="M16 6.5 26 12l-10 5.500L6 12z" fill="#fff" fill-opacity=".22"/><path d="m6 17 10 5.500L26 17"/><path d="m6 22 10 5.500L26 22" stroke-opacity=".55"/></g></svg>`,
)}`;

/**
 * The one HTML document: style, script and data within, and not a single request to anywhere else. Data becomes JSON
 * without any `<`, which nothing can end or begin a tag with; the page only ever makes text nodes of it.
 */
export function pageDocument({ script, style }: PageBundle, content: PageContent): PageDocument {
  const code = withoutEndOfScript(script);
  const first = content.kind === 'live' ? `${themeScript};${earlyScript}` : themeScript;
  const data = content.kind === 'file' ? jsonForHtml(content.report) : '';
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(first)} ${hashOf(code)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    ...(content.kind === 'live' ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en" data-kind="${content.kind}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Layerward</title>
<link rel="icon" href="${favicon}">
<script>${first}</script>
<style>${style}</style>
</head>
<body>
${shell}
<script type="application/json" id="report">${data}</script>
<script>${code}</script>
</body>
</html>
`;
  return { html, policy };
}

/** JSON that can stand in a `<script>`: nothing in it can end the element, or begin a comment. */
export function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function withoutEndOfScript(script: string): string {
  return script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Marks of statuses, each of a shape of its own, on a field of 16 by 16. */
const icons: Readonly<Record<string, string>> = {
  protected: '<circle cx="8" cy="8" r="6.5"/><path d="m5.2 8.2 2 2 3.8-4.2"/>',
  drifted: '<circle cx="8" cy="8" r="6.5"/><path d="M4.8 8.700c1-1.7 2.2-1.7 3.2-.600s2.2 1.1 3.2-.600"/>',
  blocked:
    '<path d="M5.4 1.500h5.200l3.9 3.900v5.200l-3.9 3.900H5.400l-3.9-3.900V5.400z"/><path d="M8 4.700v4M8 11.200v.1"/>',
  contested: '<path d="M8 1.3 14.7 8 8 14.7 1.3 8z"/><path d="M5.7 7h4.600l-1.3-1.300M10.3 9H5.700L7 10.3"/>',
  unsupported: '<circle cx="8" cy="8" r="6.5"/><path d="M5 8h6"/>',
  release: '<circle cx="8" cy="8" r="6.5"/><path d="M8 4.800v6M5.5 8.5 8 11l2.5-2.5"/>',
  released: '<circle cx="8" cy="8" r="6.5" stroke-dasharray="2.5 1.6"/>',
  deleted: '<path d="m3.5 3.5 9 9M12.5 3.500l-9 9"/>',
};

const sprite = Object.entries(icons)
  .map(([status, shape]) => `<symbol id="icon-${status}" viewBox="0 0 16 16">${shape}</symbol>`)
  .join('');

const shell = `<svg class="sprite" aria-hidden="true">${sprite}</svg>
<a class="skip" href="#main" data-action="skip">Skip to content</a>
<header class="bar">
  <a class="brand" href="#/" aria-label="Layerward, overview"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 5 27 11l-11 6L5 11z"/><path d="m5 16.5 11 6 11-6"/><path d="m5 22 11 6 11-6"/></svg><span>Layerward</span></a>
  <nav aria-label="Views"><a href="#/" data-view="overview">Overview</a><a href="#/functions" data-view="functions">Functions</a><a href="#/activity" data-view="activity">Activity</a></nav>
  <div class="search" role="search"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 4 4"/></svg><input id="search" type="search" placeholder="Search functions" aria-label="Search functions" autocomplete="off" spellcheck="false" maxlength="200"><kbd aria-hidden="true">/</kbd></div>
  <p id="connection" class="connection" role="status"></p>
  <button type="button" class="plain" data-action="theme" aria-label="Switch between light and dark" title="Light or dark"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6"/><path class="half" d="M8 2a6 6 0 0 1 0 12z"/></svg></button>
  <button type="button" class="plain" data-action="help" aria-label="Keyboard help" title="Keyboard (?)">?</button>
</header>
<div id="trouble" class="trouble" role="alert" hidden></div>
<main id="main" tabindex="-1"><p class="loading">Reading the records …</p></main>
<noscript><p class="loading">This page is drawn by its own script, which the browser has switched off.</p></noscript>
<p id="announcer" class="unseen" aria-live="polite"></p>
<dialog id="help" aria-labelledby="help-title"></dialog>`;
