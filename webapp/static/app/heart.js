// The heart of the player: whether what plays is a favourite. It and the heart of the track's page follow each other.

import { send } from "./requests.js";
import * as toast from "./toast.js";

export function attachHeart(queue) {
  const heart = document.querySelector("[data-now-heart]");
  let shown = null;
  let latest = 0; // rises with each question and each press: what is answered to an earlier one no longer holds

  queue.addEventListener("change", () => queue.current?.track !== shown && read());
  document.addEventListener("htmx:afterSwap", ({ detail: { target, requestConfig } }) => {
    if (target?.matches?.(".marks") || requestConfig?.path.endsWith("/favourite")) read();
  });
  if (queue.current) read();
  return { heart: toggle };

  async function read() {
    const [track, number] = [queue.current, (latest += 1)];
    shown = track?.track ?? null;
    show(false);
    if (!track) return;
    try {
      const answer = await fetch(`${track.page}/marks`, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected && number === latest) show((await answer.json()).favourite);
    } catch {
      // Not known just now: shown as none, and set when it is pressed.
    }
  }

  async function toggle() {
    const track = queue.current;
    if (!track) return;
    const [isFavourite, number] = [heart.getAttribute("aria-pressed") !== "true", (latest += 1)];
    let reason = "the library can't be reached";
    show(isFavourite);
    try {
      const answer = await send(`${track.page}/favourite`, { favourite: isFavourite ? "yes" : "no" });
      if (answer.status === 401) reason = "log in again";
      if (!answer.ok) throw new Error(answer.statusText);
      const onPage = document.getElementById(`heart-${track.track}`);
      if (onPage) showIn(onPage, isFavourite);
    } catch {
      if (number === latest) show(!isFavourite);
      toast.show(`That was not kept: ${reason}.`);
    }
  }

  function show(isFavourite) {
    showIn(heart, isFavourite);
  }

  function showIn(button, isFavourite) {
    button.setAttribute("aria-pressed", String(isFavourite));
    button.classList.toggle("is-on", isFavourite);
    if (button.name) button.value = isFavourite ? "no" : "yes";
  }
}
