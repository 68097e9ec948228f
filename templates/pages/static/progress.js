// Follows a stack as it is built, stopped or started, and opens it when it is ready.
"use strict";

const card = document.querySelector("[data-events]");
const list = document.querySelector(".steps");
const said = document.querySelector("[data-said]");

function show(step) {
  if (!list) return;
  let item = list.querySelector(`[data-step="${CSS.escape(step.step)}"]`);
  if (!item) {
    item = list.firstElementChild.cloneNode(true);
    item.dataset.step = step.step;
    item.querySelector(".what").firstChild.textContent = step.title;
    list.append(item);
  }
  if (item.querySelector("[data-word]").textContent !== step.state && step.state !== "waiting") {
    said.textContent = `${step.title}: ${step.state}`;
  }
  item.className = `step ${["waiting", "running", "done", "failed"].includes(step.state) ? step.state : "waiting"}`;
  item.querySelector("[data-word]").textContent = step.state;
  item.querySelector("[data-seconds]").textContent = step.seconds === null ? "" : `${step.seconds.toFixed(step.seconds < 10 ? 2 : 0)} s`;
  item.querySelector("[data-message]").textContent = step.message || "";
}

function name(now) {
  card.classList.replace(`is-${card.dataset.state}`, `is-${now.state}`);
  card.dataset.state = now.state;
  card.querySelector("[data-badge]").textContent = now.title;
}

const source = new EventSource(card.dataset.events);
const reload = () => { source.close(); location.reload(); };
source.addEventListener("step", (event) => show(JSON.parse(event.data)));
source.addEventListener("state", (event) => name(JSON.parse(event.data)));
source.addEventListener("done", (event) => {
  if (JSON.parse(event.data).state !== "running") return reload();
  source.close();
  said.textContent = "Ready.";
  location.assign(card.dataset.open);
});
source.addEventListener("failed", reload);
source.addEventListener("moved", reload);
// A refused stream is not tried again by the browser; the whole page then says why.
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
});
