// A track that takes long to begin: the player says what it waits for, to eyes and to screen readers.

import { nameOf } from "./format.js";

const LONG_MS = 1000;

export function attachWaiting(player, queue) {
  const bar = document.querySelector("[data-player]");
  const button = bar.querySelector("[data-do=toggle]");
  const line = bar.querySelector("[data-now-waiting]");
  const artist = bar.querySelector(".now-artist");
  const status = document.querySelector("[data-announcement]");
  let awaited = null; // the queue's entry
  let timer = 0;

  player.addEventListener("state", follow);
  queue.addEventListener("change", follow);

  function follow() {
    const entry = player.isLoading ? queue.current.entry : null;
    if (entry === awaited) return;
    const wasTold = !line.hidden;
    awaited = entry;
    clearTimeout(timer);
    show(false);
    if (entry !== null) timer = setTimeout(tell, LONG_MS);
    else if (wasTold && player.isPlaying) status.textContent = `Playing ${nameOf(queue.current)}`;
  }

  function tell() {
    const [doing, what] = queue.current.isPrepared ? ["Preparing", " for this browser"] : ["Loading", ""];
    const further = document.createElement("span");
    further.className = "is-wide";
    further.textContent = what;
    line.replaceChildren(doing, further, " …");
    status.textContent = `${doing} ${nameOf(queue.current)}${what}`;
    show(true);
  }

  function show(isTold) {
    button.setAttribute("aria-busy", String(isTold));
    line.hidden = !isTold;
    artist.hidden = isTold;
  }
}
