// Lists of tracks: their play links become buttons of the one player, and their rows show what it does.
//
// A list is an element with `data-tracks`, and its tracks are what in it has `data-play` (see listed.js). It may also have
// - `data-earlier`, `data-later`: addresses of pieces of the same list, which this page does not show;
// - `data-beginning`: address of its first piece, where this page does not show that;
// - `data-radio`, on it or around it: the address from which its queue goes on without an end.
// A button with `data-do="play-list"` plays the page's first list from its beginning: from any of its tracks where the
// queue is shuffled, unless it is a radio's.

import { clock, nameOf } from "./format.js";
import { fetchBeginning, readAll, readTrack, restOf } from "./listed.js";
import * as toast from "./toast.js";

const REPLACED = "This list is the queue now, in place of yours.";
const BROUGHT_BACK = "The queue from before is back, in place of yours.";

export function attachRows(player, queue, artwork) {
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.target));
  queue.addEventListener("change", () => show(document));
  player.addEventListener("state", () => show(document));
  player.addEventListener("time", () => showTime());

  return {
    play: (button) => {
      if (isCurrent(button)) return player.toggle();
      player.claim();
      const list = button.closest("[data-tracks]");
      const buttons = [...(list ?? document).querySelectorAll("button[data-play]")];
      start(buttons.map(read), buttons.indexOf(button), { radio: radioOf(button), rest: restOf(list) });
    },
    "play-list": async () => {
      const list = document.querySelector("main [data-tracks]");
      const radio = radioOf(list);
      const { beginning } = list.dataset;
      const isLast = player.claim();
      const piece = beginning ? await fetchBeginning(beginning, artwork) : { tracks: readAll(list, artwork), rest: restOf(list) };
      if (!isLast()) return;
      if (!piece?.tracks.length) return toast.show("The beginning of this list can't be reached. Play one of its tracks.");
      const first = queue.isShuffled && !radio ? Math.floor(Math.random() * piece.tracks.length) : 0;
      start(piece.tracks, first, { radio, rest: piece.rest });
    },
    "play-next": (button) => enqueue(button, true),
    enqueue: (button) => enqueue(button, false),
  };

  function start(tracks, index, more) {
    replace(() => queue.start(tracks, index, more), REPLACED);
    player.play();
  }

  /** To put another queue in the place of one that was arranged by hand can be taken back, whichever way it goes. */
  function replace(act, text) {
    const before = queue.isArranged ? queue.snapshot() : null;
    act();
    if (before) toast.show(text, () => replace(() => queue.restore(before), BROUGHT_BACK));
  }

  function enqueue(button, isNext) {
    button.closest("details")?.removeAttribute("open");
    button.closest("details")?.querySelector("summary").focus();
    const track = read(button.closest("[data-row]").querySelector("button[data-play]"));
    const entry = queue.add(track, { isNext, isByHand: true });
    if (entry === null) return toast.show("The queue is full. Take something out first.");
    toast.show(`${nameOf(track)} ${isNext ? "plays next" : "is in the queue"}.`, () => queue.remove(entry));
  }

  function read(button) {
    return readTrack(button, artwork);
  }

  function radioOf(element) {
    return element.closest("[data-radio]")?.dataset.radio;
  }

  function isCurrent(button) {
    return button.dataset.play === queue.current?.track;
  }

  function enhance(root) {
    for (const link of root.querySelectorAll("a[data-play]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = link.className;
      Object.assign(button.dataset, link.dataset, { do: "play", source: link.getAttribute("href") });
      button.append(...link.childNodes);
      link.replaceWith(button);
    }
    for (const hidden of root.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
    show(root);
  }

  function show(root) {
    for (const button of root.querySelectorAll("button[data-play]")) {
      const isPlaying = isCurrent(button) && player.isPlaying;
      button.classList.toggle("is-playing", isPlaying);
      button.classList.toggle("is-loading", isPlaying && player.isLoading);
      button.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${nameOf(button.dataset)}`);
    }
    for (const row of root.querySelectorAll("[data-row]")) {
      row.classList.toggle("is-current", row.dataset.row === queue.current?.track);
    }
    showTime();
  }

  function showTime() {
    const share = player.length ? (player.seconds / player.length) * 100 : 0;
    for (const button of document.querySelectorAll("button[data-play]")) {
      button.style.setProperty("--played", isCurrent(button) ? share.toFixed(1) : "0");
    }
    for (const time of document.querySelectorAll("[data-row] [data-time]")) {
      time.dataset.length ??= time.textContent;
      const isNow = time.closest("[data-row]").classList.contains("is-current") && player.isPlaying;
      time.textContent = isNow ? clock(player.seconds) : time.dataset.length;
    }
  }
}
