"use strict";
const chosen = {};
for (const group of document.querySelectorAll("[data-filter]")) {
  const name = group.dataset.filter;
  const buttons = [...group.querySelectorAll("button")];
  chosen[name] = new Set(buttons.map((button) => button.dataset.value));
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const isOnlyOne = chosen[name].size === 1 && chosen[name].has(button.dataset.value);
    const isAll = chosen[name].size === buttons.length;
    if (isOnlyOne) chosen[name] = new Set(buttons.map((other) => other.dataset.value));
    else if (isAll) chosen[name] = new Set([button.dataset.value]);
    else if (!chosen[name].delete(button.dataset.value)) chosen[name].add(button.dataset.value);
    for (const other of buttons) other.setAttribute("aria-pressed", String(chosen[name].has(other.dataset.value)));
    show();
  });
}
function show() {
  for (const card of document.querySelectorAll("article")) {
    card.hidden = ["channel", "variant", "language", "who"].some((name) => chosen[name] && !chosen[name].has(card.dataset[name]));
  }
  for (const strip of document.querySelectorAll("[data-mode]")) strip.hidden = !chosen.mode.has(strip.dataset.mode);
  for (const frame of document.querySelectorAll("[data-width]")) frame.hidden = !chosen.width.has(frame.dataset.width);
}
document.querySelector(".toc").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || !document.getElementById(link.hash.slice(1)).hidden) return;
  for (const group of document.querySelectorAll("[data-filter]")) {
    for (const button of group.querySelectorAll("button")) {
      chosen[group.dataset.filter].add(button.dataset.value);
      button.setAttribute("aria-pressed", "true");
    }
  }
  show();
});
function fit(frame) {
  const inside = frame.contentDocument;
  if (!inside || !inside.body) return;
  const isWhole = document.body.classList.contains("whole");
  const figure = frame.closest("figure");
  if (isWhole) figure.style.setProperty("--h", `${inside.documentElement.scrollHeight}px`);
  else figure.style.removeProperty("--h");
}
const pictures = JSON.parse(document.getElementById("pictures").textContent);
for (const frame of document.querySelectorAll("iframe")) {
  frame.srcdoc = frame.dataset.document.replace(/data:,picture-(\d+)/g, (token, number) => pictures[number] ?? token);
}
const whole = document.getElementById("whole");
if (whole) {
  const frames = [...document.querySelectorAll("iframe")];
  whole.addEventListener("click", () => {
    const isWhole = document.body.classList.toggle("whole");
    whole.setAttribute("aria-pressed", String(isWhole));
    for (const frame of frames) {
      frame.loading = "eager";
      fit(frame);
    }
  });
  for (const frame of frames) frame.addEventListener("load", () => fit(frame));
}
for (const button of document.querySelectorAll(".full")) {
  button.addEventListener("click", () => button.closest("figure").classList.toggle("at-full-size"));
}
