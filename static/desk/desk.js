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
