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
    const { radio } = queue;
    // Whoever takes everything out wants nothing more.
    if (isAsking || !radio || queue.tracks.length === 0 || queue.tracks.length - queue.index > FEW) return;
    isAsking = true;
    const html = await ask(radio);
    // Another radio, or a list, may have become the queue meanwhile.
    const isCurrent = queue.radio === radio;
    if (isCurrent && html !== null) append(html);
    isAsking = false;
    if (!isCurrent) goOn();
  }

  /** What comes next, as rows; null without an answer: the next change of the queue asks again. */
  async function ask({ address, brought }) {
    const queued = queue.tracks.map(({ track }) => track);
    const gone = brought.filter((track) => !queued.includes(track));
    try {
      const answer = await send(address, { played: [...gone, ...queued].slice(-MOST_TOLD).join(",") });
      return answer.ok ? await answer.text() : null;
    } catch {
      return null;
    }
  }

  function append(html) {
    const links = new DOMParser().parseFromString(html, "text/html").querySelectorAll("a[data-play]");
    if (links.length === 0) return end();
    while (queue.tracks.length > MOST_KEPT && queue.index > 0) queue.remove(queue.tracks[0].entry);
    queue.goOn([...links].map(read));
  }

  function end() {
    queue.endRadio();
    toast.show("The radio ends with this queue: nothing else is near what it has played.");
  }
}
