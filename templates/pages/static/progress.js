// Follows a stack's steps as they happen and opens the stack when it is ready.
"use strict";

const list = document.querySelector("[data-events]");
const said = document.querySelector("[data-said]");
const badge = document.querySelector("[data-then]");

function show(step) {
  let item = list.querySelector(`[data-step="${CSS.escape(step.step)}"]`);
  if (!item) {
    item = list.firstElementChild.cloneNode(true);
    item.dataset.step = step.step;
    item.querySelector(".what").firstChild.textContent = step.title;
    list.append(item);
  }
  if (item.querySelector("[data-word]").textContent !== step.state && step.state !== "waiting") {
    said.textContent = `${step.title}: ${step.state}`;
    if (badge) badge.textContent = badge.dataset.then;
  }
  item.className = `step ${["waiting", "running", "done", "failed"].includes(step.state) ? step.state : "waiting"}`;
  item.querySelector("[data-word]").textContent = step.state;
  item.querySelector("[data-seconds]").textContent = step.seconds === null ? "" : `${step.seconds.toFixed(step.seconds < 10 ? 2 : 0)} s`;
  item.querySelector("[data-message]").textContent = step.message || "";
}

if (list) {
  const source = new EventSource(list.dataset.events);
  source.addEventListener("step", (event) => show(JSON.parse(event.data)));
  source.addEventListener("done", (event) => {
    source.close();
    if (JSON.parse(event.data).state === "running") {
      said.textContent = "Ready.";
      location.assign(list.dataset.open);
    } else {
      location.reload();
    }
  });
  source.addEventListener("failed", () => { source.close(); location.reload(); });
  // A refused stream is not tried again by the browser; the whole page then says why.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
  });
} else {
  setTimeout(() => location.reload(), 2000);
}
