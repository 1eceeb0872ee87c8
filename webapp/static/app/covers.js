// A cover that waits for others to be drawn is asked for again; where that goes on, the track's sound-print stands in.

const PAUSES_MS = [1000, 2000, 4000, 8000];
const COVER = /^(.*\/tracks\/[^/]+)\/picture/;

export function attachCovers() {
  const tried = new WeakMap(); // of an image, its address and how often that failed
  // What an image tells does not bubble. Some may have failed before this runs.
  document.addEventListener("error", ({ target }) => target.matches?.("img") && retry(target), { capture: true });
  for (const image of document.images) if (image.complete && image.naturalWidth === 0) retry(image);

  function retry(image) {
    const address = image.getAttribute("src");
    const [, track] = COVER.exec(address) ?? [];
    if (!track) return;
    const before = tried.get(image);
    const times = before?.address === address ? before.times : 0;
    tried.set(image, { address, times: times + 1 });
    if (times >= PAUSES_MS.length) image.src = `${track}/sound-print`;
    else setTimeout(() => image.getAttribute("src") === address && (image.src = address), PAUSES_MS[times]);
  }
}
