// Narrows the table of models. Without this script the table is whole and the form stays hidden.
"use strict";
(() => {
  const form = document.getElementById("filter");
  const body = document.getElementById("models");
  if (!form || !body) return;
  const text = document.getElementById("filter-text");
  const attention = document.getElementById("filter-attention");
  const count = document.getElementById("filter-count");
  const rows = [...body.rows].map((row) => ({
    row,
    words: row.cells[0].textContent.toLowerCase(),
    attention: row.hasAttribute("data-attention"),
  }));
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const { row, words, attention: needs } of rows) {
      row.hidden = !words.includes(wanted) || (attention.checked && !needs);
      if (!row.hidden) shown += 1;
    }
    count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.hidden = false;
  apply();
})();
