// The pages work without this. It keeps a form from being sent twice while the answer is on its way.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// Going back may show the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// Escape closes the menu that has the focus, as a reader of menus expects.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.activeElement.closest("header details[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Tells when somebody else has changed what is shown: in a list at once, unless the keyboard is in it; beside a form with a link, so
// that nothing typed is lost. What is asked here is no use of the session.
const watched = document.getElementById("watched");
if (watched) {
  const told = document.getElementById("watch-told");
  const headers = { "X-Recontact-Watch": "1" };
  const show = async () => {
    const page = watched.dataset.page;
    const answer = page ? null : await fetch(location.href, { headers, redirect: "manual" });
    if (answer && answer.ok && !watched.contains(document.activeElement)) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("watched");
      if (fresh) {
        watched.replaceChildren(...fresh.childNodes);
        told.textContent = watched.dataset.changed;
        return;
      }
    }
    const link = document.createElement("a");
    link.href = page || location.href;
    link.textContent = watched.dataset.show;
    told.replaceChildren(`${watched.dataset.changed} `, link);
  };
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(watched.dataset.watch, { headers, redirect: "manual" });
      if (!answer.ok) return;
      const state = await answer.text();
      if (state === watched.dataset.state) return;
      watched.dataset.state = state;
      await show();
    } catch {
      // The next look may find the service again.
    }
  };
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
}
