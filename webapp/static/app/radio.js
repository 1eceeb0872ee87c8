// Radio: while few tracks are left of a queue that began as one, more are asked for.

import { send } from "./requests.js";
import * as toast from "./toast.js";

const FEW = 5;
const MOST_KEPT = 400;
const MOST_TOLD = 500; // as many as the server takes

export function attachRadio(queue, read) {
  let isAsking = false;
  queue.addEventListener("change", () => goOn());
  goOn();

  async function goOn() {
    if (isAsking || !queue.radio || queue.tracks.length - queue.index > FEW) return;
    isAsking = true;
    const { radio } = queue;
    try {
      const played = queue.tracks.slice(-MOST_TOLD).map((track) => track.track);
      const answer = await send(radio, { played: played.join(",") });
      if (answer.ok && queue.radio === radio) append(await answer.text());
    } catch {
      // Without the library nothing plays either; the next track asks again.
    } finally {
      isAsking = false;
    }
  }

  function append(html) {
    const links = new DOMParser().parseFromString(html, "text/html").querySelectorAll("a[data-play]");
    if (links.length === 0) return end();
    while (queue.tracks.length > MOST_KEPT && queue.index > 0) queue.remove(queue.tracks[0].entry);
    for (const link of links) queue.add(read(link));
  }

  function end() {
    queue.endRadio();
    toast.show("The radio ends with this queue: nothing else is near what it has played.");
  }
}
