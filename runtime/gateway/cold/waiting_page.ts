/**
 * The page that a person sees while a service starts, and if it does not. It is one answer that
 * ends when the service is there, so it needs no script, no cookie and no address of its own.
 *
 * @module
 */

import { formatDuration } from "../../config/schema/durations.ts";

/** `:last-child` matches nothing while the parent is still arriving; `:has` does. */
const STYLE = `
:root{color-scheme:light dark;--ink:#1d2329;--dim:#59636e;--page:#fff;--line:#d5dae0;--bar:#0b63ce}
@media(prefers-color-scheme:dark){
:root{--ink:#e8ebee;--dim:#a3adb8;--page:#15191d;--line:#39424b;--bar:#6db0ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;
background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:34rem;animation:appear .01s .25s both}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
p{margin:0}
.bar{height:.25rem;margin:1.5rem 0;border-radius:1rem;overflow:hidden;background:var(--line)}
.bar::before{content:"";display:block;width:35%;height:100%;border-radius:inherit;
background:var(--bar);animation:slide 1.6s ease-in-out infinite alternate}
.since{color:var(--dim);min-height:1.5em;font-variant-numeric:tabular-nums}
.since span:has(+span){display:none}
main:has(.failure) .starting{display:none}
pre{margin:1rem 0;padding:.75rem;border:1px solid var(--line);border-radius:.375rem;
white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.5 ui-monospace,monospace}
a{color:var(--bar)}
@keyframes appear{from{opacity:0}}
@keyframes slide{to{transform:translateX(186%)}}
@media(prefers-reduced-motion:reduce){.bar::before{width:100%;opacity:.5;animation:none}}
`;

/**
 * Asks again when nothing has come for a while, though something comes every second: the gateway
 * ended without a word, or the machine of the browser slept.
 */
const WATCH =
  'let seen=-1;setInterval(()=>{const {length}=document.querySelectorAll(".since span");' +
  'if(length===seen&&!document.querySelector(".failure"))location.reload();seen=length},5000)';

/** What makes a page that of one request. */
export interface Shown {
  /** The service that is waited for. */
  readonly service: string;
  /** The address that was asked for, relative to itself. */
  readonly address: string;
  /** What allows the page's own style and script; new for each page. */
  readonly nonce: string;
}

/** The headers of the page: nothing may be loaded, run or kept, but what it brings itself. */
export function pageHeaders({ nonce }: Shown): [name: string, value: string][] {
  const policy =
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; ` +
    "base-uri 'none'; form-action 'none'";
  return [
    ["content-type", "text/html; charset=utf-8"],
    ["content-security-policy", policy],
    ["x-content-type-options", "nosniff"],
    // Who keeps a page until it is whole, or packs it, would show it when it is of no use.
    ["cache-control", "no-store, no-transform"],
    ["x-accel-buffering", "no"],
  ];
}

/** The beginning of a page that says that a service is being started; its end comes later. */
export function startingHtml(shown: Shown): string {
  const name = escaped(shown.service);
  return head(`Starting ${name} …`, shown) +
    `<div class="starting"><h1>Starting ${name}</h1>\n` +
    '<p role="status">The page that you asked for appears by itself as soon as it is ready.</p>\n' +
    '<div class="bar" aria-hidden="true"></div></div>\n' +
    `<script nonce="${shown.nonce}">${WATCH}</script><div class="since starting">`;
}

/** Says how long it has been, in place of what was said before. */
export function sinceHtml(waitedMs: number): string {
  const seconds = Math.floor(waitedMs / 1_000);
  return `<span>${formatDuration(seconds * 1_000)} so far</span>\n`;
}

/**
 * Ends a page that began with {@linkcode startingHtml}: the browser asks again. By the script it
 * keeps what stands behind a `#`, which no server knows; by the other way, which needs no script,
 * it would do nothing if it was not told the address.
 *
 * @param delaySeconds How long it waits first.
 */
export function againHtml({ nonce, address }: Shown, delaySeconds: number): string {
  return `</div><script nonce="${nonce}">` +
    `setTimeout(()=>location.reload(),${delaySeconds * 1_000})</script><noscript>` +
    `<meta http-equiv="refresh" content="${delaySeconds};url=${escaped(address)}"></noscript>\n` +
    "</main></body></html>\n";
}

/** Ends a page that began with {@linkcode startingHtml}: the service could not be started. */
export function endedHtml(shown: Shown, reason: string): string {
  return `</div>${failure(shown, reason)}`;
}

/** A whole page that says why a service can't be reached. */
export function failedHtml(shown: Shown, reason: string): string {
  return head(`${escaped(shown.service)} is not available`, shown) + failure(shown, reason);
}

function head(title: string, { nonce }: Shown): string {
  return '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    '<meta name="robots" content="noindex"><link rel="icon" href="data:,">' +
    `<title>${title}</title><style nonce="${nonce}">${STYLE}</style></head>\n<body><main>\n`;
}

function failure({ service }: Shown, reason: string): string {
  return `<section class="failure" role="alert"><h1>${escaped(service)} is not available</h1>\n` +
    `<pre>${escaped(reason)}</pre>\n<p><a href="">Try again</a></p></section>\n` +
    "</main></body></html>\n";
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}
