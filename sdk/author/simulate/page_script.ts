// SPDX-License-Identifier: MIT
/**
 * The script of a page: moves from cell to cell by keyboard, and says what was answered there. Without it the page is still all there, each
 * cell with its answer as a tooltip.
 *
 * It is a text, since it runs in a browser. What modules said gets into the page as text alone.
 *
 * @module
 */

/** The script. */
export const SCRIPT = `
"use strict";
const values = JSON.parse(document.getElementById("values").textContent);
const panel = document.getElementById("details");
const status = document.getElementById("status");
const empty = [...panel.childNodes];
const SVG = "http://www.w3.org/2000/svg";
const PAGE = 10;
/** The cell that the panel holds on to. */
let pinned;
/** The time that going up and down keeps. */
let time = 0;

const rowsOf = (grid) => [...grid.querySelectorAll(".row:not(.days)")];
const cellsOf = (row) => [...row.querySelectorAll(".cell")];
const first = (cell) => Number(cell.dataset.f);

const markers = ["halo", "marker"].map((name) => {
  const marker = document.createElementNS(SVG, "rect");
  marker.setAttribute("class", name);
  marker.setAttribute("y", "0");
  marker.setAttribute("height", "100%");
  return marker;
});

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function answer(list, label, { code, meaning, failure, texts, asked }) {
  list.append(element("dt", label), element("dd", code + ": " + meaning, "code"));
  if (failure) list.append(element("dt", "Failure"), element("dd", failure, "said"));
  for (const text of texts) list.append(element("dt", "Said"), element("dd", text, "said"));
  if (asked) list.append(element("dt", "Asked"), element("dd", "It asked the person something, and nobody answered."));
}

function show(cell) {
  const value = values[Number(cell.dataset.v)];
  const row = cell.closest(".row");
  const list = document.createElement("dl");
  if (value.before) answer(list, "Now", value.before);
  answer(list, value.before ? "Then" : "Answer", value.outcome);
  const title = element("h2", row.querySelector(".who").textContent + ", " + cell.dataset.w);
  panel.replaceChildren(title, list);
}

function pin(cell) {
  pinned = cell;
  show(cell);
  panel.classList.add("pinned");
  status.textContent = panel.innerText;
}

function unpin() {
  pinned = undefined;
  panel.classList.remove("pinned");
  status.textContent = "";
  panel.replaceChildren(...empty);
}

function go(cell) {
  if (!cell) return;
  const grid = cell.closest("[role=grid]");
  for (const other of grid.querySelectorAll('.cell[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
  cell.focus();
  cell.closest(".row").scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The cell of a row that holds the kept time. */
function at(row) {
  return cellsOf(row).findLast((cell) => first(cell) <= time) ?? cellsOf(row)[0];
}

function moved(event, cell) {
  const row = cell.closest(".row");
  const cells = cellsOf(row);
  const rows = rowsOf(cell.closest("[role=grid]"));
  const upright = (by) => at(rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + by))]);
  const level = (to) => {
    const found = cells[to];
    if (found) time = first(found);
    return found;
  };
  const end = (row, last) => {
    const found = last ? cellsOf(row).at(-1) : cellsOf(row)[0];
    time = first(found);
    return found;
  };
  switch (event.key) {
    case "ArrowRight": return level(cells.indexOf(cell) + 1);
    case "ArrowLeft": return level(cells.indexOf(cell) - 1);
    case "ArrowDown": return upright(1);
    case "ArrowUp": return upright(-1);
    case "PageDown": return upright(PAGE);
    case "PageUp": return upright(-PAGE);
    case "Home": return end(event.ctrlKey ? rows[0] : row, false);
    case "End": return end(event.ctrlKey ? rows.at(-1) : row, true);
  }
}

const KEYS = ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"];

for (const grid of document.querySelectorAll("[role=grid]")) {
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell || event.altKey || event.metaKey) return;
    if (KEYS.includes(event.key)) go(moved(event, cell));
    else if (event.key === "Enter" || event.key === " ") pin(cell);
    else if (event.key === "Escape") unpin();
    else return;
    event.preventDefault();
  });
  grid.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    if (!(first(cell) <= time && time < first(cell) + Number(cell.dataset.n))) time = first(cell);
    for (const marker of markers) {
      for (const name of ["x", "width"]) marker.setAttribute(name, cell.getAttribute(name));
      cell.parentNode.append(marker);
    }
    if (!pinned) show(cell);
  });
  grid.addEventListener("focusout", () => markers.forEach((marker) => marker.remove()));
  grid.addEventListener("pointerover", (event) => {
    const cell = event.target.closest(".cell");
    if (cell && !pinned) show(cell);
  });
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    time = first(cell);
    go(cell);
    pin(cell);
  });
}
`;
