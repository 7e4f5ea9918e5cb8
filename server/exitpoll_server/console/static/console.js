"use strict";

// -- light or dark, as the browser is; paper is light --

const dark = matchMedia("screen and (prefers-color-scheme: dark)");
const dress = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
dark.addEventListener("change", dress);
dress();

// -- what is copied --

function copying(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      // Over http, other than on this machine, there is no clipboard to ask for: the old way.
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
  });
}

// -- what arrives while somebody looks --

const EVERY_MS = 2000;

function waiting(place) {
  const shown = (name) => place.querySelector(`[data-shows="${name}"]`);
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.waits);
      if (answer.ok) {
        const arrived = await answer.json();
        for (const name of ["installations", "uninstalls"]) {
          const said = place.dataset[name].replace("{n}", arrived[name]);
          if (!arrived[name] || shown(name).textContent === said) continue;
          shown(name).textContent = said;
          shown(name).classList.add("came");
        }
      }
    } catch {
      // Without a network for a moment: it is looked again.
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
}

// -- a picture as PNG, drawn by the browser from the SVG --

const SHARPER = 2;

function drawing(link) {
  link.hidden = false;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const picture = new Image();
    picture.src = link.href;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * SHARPER;
    canvas.height = picture.naturalHeight * SHARPER;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = document.createElement("a");
    made.href = canvas.toDataURL("image/png");
    made.download = `${link.dataset.png}.png`;
    made.click();
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-copies]").forEach(copying);
  document.querySelectorAll("[data-waits]").forEach(waiting);
  document.querySelectorAll("[data-png]").forEach(drawing);
});
