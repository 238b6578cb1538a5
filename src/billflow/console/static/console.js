// Everything works without this file; with it, results come as one types, and a form is sent once.
"use strict";

const field = document.getElementById("q");
const results = document.getElementById("results");

if (field && results) {
  let asked = 0;
  let timer = 0;
  const ask = async (tries) => {
    const mine = ++asked;
    const text = field.value.trim();
    if (!text) return;
    const answer = await fetch(`${results.dataset.results}?q=${encodeURIComponent(text)}`, { redirect: "error" }).catch(() => null);
    if (!answer || mine !== asked) return;
    if (answer.status === 503 && tries > 1) {
      askLater(1000 * (Number(answer.headers.get("Retry-After")) || 5), tries - 1);
    }
    if (!answer.ok) return;
    const found = await answer.text();
    // Whoever is among the results already is not to lose them.
    if (mine !== asked || results.contains(document.activeElement)) return;
    results.innerHTML = found;
    history.replaceState(null, "", `?q=${encodeURIComponent(text)}`);
  };
  const askLater = (milliseconds, tries) => {
    clearTimeout(timer);
    timer = setTimeout(ask, milliseconds, tries);
  };
  field.addEventListener("input", () => askLater(150, 4));
}

const links = () => Array.from(document.querySelectorAll("#results tbody tr > td:first-child a"));

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && field) {
    event.preventDefault();
    field.focus();
    field.select();
  }
  if (!results || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const all = links();
  const at = all.indexOf(document.activeElement);
  if (at < 0 && event.target !== field) return;
  event.preventDefault();
  const to = event.key === "ArrowDown" ? at + 1 : at - 1;
  (to < 0 ? field : all[Math.min(to, all.length - 1)] || field).focus();
});

document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  if (event.target.method === "post") event.target.dataset.sent = "yes";
});

window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
