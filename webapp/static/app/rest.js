// Lists of which a page shows a part: the queue takes the rest of them, piece by piece, what comes later first.

import { fetchPiece } from "./listed.js";

export function attachRest(queue, artwork) {
  let isAsking = false;
  queue.addEventListener("change", () => goOn());
  goOn();

  async function goOn() {
    const { rest } = queue;
    if (isAsking || !rest) return;
    const side = rest.later ? "later" : "earlier";
    isAsking = true;
    const piece = await fetchPiece(rest[side], artwork);
    isAsking = false;
    // Another list may have become the queue meanwhile. Where the library is away the next change asks again.
    if (queue.rest !== rest) goOn();
    else if (piece) queue.extend(side, piece.tracks, piece.rest?.[side] ?? null);
  }
}
