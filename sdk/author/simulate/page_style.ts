// SPDX-License-Identifier: MIT
/**
 * The style sheet of a page: for light and dark, for narrow windows and for paper.
 *
 * @module
 */

/** The style sheet, without the colours of the marks. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1f2328; --faint: #59636e; --line: #d1d5da; --hour: #b4b9c0; --focus: #0b57d0;
  --panel: #f6f7f8; --who: 11rem;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #121417; --text: #e8eaed; --faint: #a7adb5; --line: #3a3f46; --hour: #555b64; --focus: #8ab4f8; --panel: #1c1f24;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-bottom: 10rem; }
body {
  margin: 0 auto; max-width: 90rem; padding: 1rem 1.25rem 2rem; background: var(--page); color: var(--text);
  font: 1rem/1.45 system-ui, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: 0; }
@media (min-width: 60rem), print {
  header dl { grid-template-columns: max-content minmax(0, 1fr) max-content minmax(0, 1fr); }
}
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
code, .who, .code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875em; }
.legend { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem 2rem; }
.legend li { display: grid; grid-template-columns: 2.25rem auto; column-gap: .6rem; align-items: center; }
.legend svg { width: 2.25rem; height: 1.5rem; border: 1px solid var(--hour); grid-row: span 2; }
.legend small { grid-column: 2; color: var(--faint); }
.patterns { position: absolute; width: 0; height: 0; }
.ground { fill: var(--ground); }
pattern circle, pattern .solid { fill: var(--ink); }
pattern path { stroke: var(--ink); stroke-width: 1; fill: none; }
pattern .solid { stroke: none; }
.scroll { overflow-x: auto; scroll-padding-left: calc(var(--who) + .5rem); border: 1px solid var(--line); border-radius: 4px; }
.scroll:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.row { display: grid; grid-template-columns: var(--who) minmax(48rem, 1fr); min-width: min-content; }
.row + .row { border-top: 1px solid var(--page); }
.who {
  position: sticky; left: 0; background: var(--page); padding: 0 .5rem; line-height: 1.25rem; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; border-right: 1px solid var(--line); z-index: 1;
}
.row svg { display: block; width: 100%; height: 1.25rem; }
.row.days svg { height: 2.5rem; }
.days .who { line-height: 2.5rem; color: var(--faint); }
.days text { fill: var(--text); font-size: .8125rem; }
.days .hour { fill: var(--faint); font-size: .6875rem; }
.edges line { stroke: var(--text); stroke-width: 1; }
.days line { stroke: var(--hour); stroke-width: 1; }
.cell { cursor: pointer; }
.cell:focus { outline: none; }
.marker { fill: none; stroke: var(--focus); stroke-width: 3; pointer-events: none; }
.halo { fill: none; stroke: var(--page); stroke-width: 6; pointer-events: none; }
.edges { pointer-events: none; }
.keys, .none { color: var(--faint); font-size: .875rem; margin: .5rem 0 0; }
#details {
  position: sticky; bottom: 0; z-index: 2; margin-top: 1rem; padding: .6rem .9rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: 4px; min-height: 7.5rem; max-height: 40vh; overflow: auto;
}
#details.pinned { border-color: var(--focus); box-shadow: inset 3px 0 var(--focus); }
#details h2 { margin: 0 0 .3rem; font-size: 1rem; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; }
.status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; }
td.count, th.count { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) {
  :root { --who: 6.5rem; }
  body { padding: .75rem; }
  dl { grid-template-columns: minmax(0, 1fr); }
  dd { margin-bottom: .35rem; }
  .row { grid-template-columns: var(--who) minmax(44rem, 1fr); }
}
@media print {
  @page { size: A4 landscape; margin: 10mm; }
  :root { color-scheme: light; --who: 9rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  #details, .keys { display: none; }
  .scroll { overflow: visible; border: 0; }
  .row { grid-template-columns: var(--who) minmax(0, 1fr); break-inside: avoid; }
  .who { position: static; line-height: .8rem; }
  .row svg { height: .8rem; }
  .legend li, tr { break-inside: avoid; }
  .days { break-after: avoid; }
  h2 { break-after: avoid; }
}
`;
