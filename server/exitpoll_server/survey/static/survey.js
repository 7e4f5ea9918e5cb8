// The page works without this. With it answers are sent without a reload, and nothing typed is lost.
"use strict";
(() => {
  const NEAR = 200; // So many characters before the end one is told of it.
  const PAUSE = 500; // Milliseconds: a screen reader hears one count, not one a key.
  const PLACE = "#"; // Where the number goes in a sentence.
  let sending = false;
  let kept = "";

  function ready() {
    for (const note of document.querySelectorAll(".note")) note.hidden = false;
    document.querySelectorAll("textarea[data-most]").forEach(count);
  }

  function count(box) {
    // The server counts characters, not the halves that JavaScript sees of some.
    const left = Number(box.dataset.most) - [...box.value].length;
    const told = document.getElementById(box.id + "-left");
    if (!told) return; // The page went on while the count waited.
    const sentence = left < 0 ? box.dataset.over : box.dataset.left;
    told.textContent = left > NEAR ? "" : sentence.replace(PLACE, Math.abs(left));
    told.classList.toggle("wrong", left < 0);
  }

  function show(page, address) {
    const main = page.querySelector("main");
    document.querySelector("main").replaceWith(main);
    document.title = page.title;
    history.replaceState(null, "", address);
    ready();
    const wrong = main.querySelector("[aria-invalid]");
    const heading = main.querySelector("h1");
    heading.tabIndex = -1;
    (wrong || heading).focus();
    const saved = main.querySelector(".saved");
    document.getElementById("heard").textContent = saved && !wrong ? saved.textContent : "";
  }

  async function send(form, button) {
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.append(button.name, button.value);
    const answer = await fetch(form.action, { method: "POST", body });
    if (!answer.ok && answer.status !== 422) throw new Error("not answered");
    show(new DOMParser().parseFromString(await answer.text(), "text/html"), answer.url);
  }

  addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!form.dataset.draft || form.dataset.plain) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    send(form, button)
      .catch(() => {
        form.dataset.plain = "yes";
        // Not at once: a form that is still being submitted is not submitted again.
        setTimeout(() => (button ? button.click() : form.submit()));
      })
      .finally(() => {
        sending = false;
      });
  });

  const pauses = new Map();
  addEventListener("input", (event) => {
    const box = event.target;
    if (!box.dataset.most) return;
    clearTimeout(pauses.get(box.id));
    pauses.set(box.id, setTimeout(count, PAUSE, box));
  });

  function keep() {
    const form = document.querySelector("form[data-draft]");
    if (!form) return;
    const typed = new URLSearchParams(new FormData(form));
    if (!typed.has("may_write")) typed.delete("email");
    const words = ["follow_up", "comment", "email"].some((name) => (typed.get(name) || "").trim());
    if (words && String(typed) !== kept && navigator.sendBeacon(form.dataset.draft, typed)) {
      kept = String(typed);
    }
  }
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keep();
  });

  ready();
})();
