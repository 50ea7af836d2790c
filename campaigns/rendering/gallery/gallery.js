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
function fit(frame) {
  const inside = frame.contentDocument;
  if (!inside || !inside.body) return;
  const isWhole = document.body.classList.contains("whole");
  frame.closest("figure").style.setProperty("--h", isWhole ? `${inside.documentElement.scrollHeight}px` : "");
  if (!isWhole) frame.closest("figure").style.removeProperty("--h");
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
