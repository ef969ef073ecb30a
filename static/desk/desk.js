/* Comfort only: every page works without this file. */
(() => {
  "use strict";

  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

  // "/" leads to the search box.
  document.addEventListener("keydown", (event) => {
    const find = document.getElementById("find");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !find || typing(event.target)) return;
    event.preventDefault();
    find.focus();
    find.select();
  });

  // A group of the menu closes where one goes on to something else.
  const unfolded = () => document.querySelectorAll(".menu details[open]");
  document.addEventListener("click", (event) => {
    for (const group of unfolded()) if (!group.contains(event.target)) group.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const group of unfolded()) {
      group.open = false;
      group.querySelector("summary").focus();
    }
  });

  // A button that only a script can serve is hidden until here.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // A double click asks once.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      window.setTimeout(() => delete form.dataset.sent, 3000);
    });
  }
})();
