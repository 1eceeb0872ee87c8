// The queue as a list that can be reordered: by its buttons, and by dragging.

import { nameOf } from "./format.js";
import * as toast from "./toast.js";

/** Gives the panel's actions, for the buttons that carry them in data-do. */
export function attachQueuePanel(player, queue) {
  const panel = document.querySelector("[data-queue-panel]");
  const list = panel.querySelector("[data-queue-list]");
  const template = panel.querySelector("[data-queue-row]");
  let dragged = null;

  queue.addEventListener("change", () => panel.open && show());
  panel.addEventListener("click", (event) => event.target === panel && panel.close());
  list.addEventListener("dragstart", (event) => (dragged = entryOf(event.target)));
  list.addEventListener("dragover", (event) => dragged !== null && event.preventDefault());
  list.addEventListener("drop", (event) => {
    event.preventDefault();
    const row = event.target.closest("[data-entry]");
    if (row && dragged !== null) queue.move(dragged, rows().indexOf(row));
    dragged = null;
  });

  return {
    queue: () => {
      show();
      panel.showModal();
      list.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
    },
    jump: (button) => {
      queue.jump(entryOf(button));
      player.play();
    },
    up: (button) => shift(button, -1),
    down: (button) => shift(button, 1),
    remove: (button) => removeRow(button),
    clear: () => {
      const before = queue.snapshot();
      queue.clear();
      panel.close();
      toast.show("The queue is empty now.", () => queue.restore(before));
    },
  };

  function show() {
    list.replaceChildren(...queue.tracks.map(draw));
    panel.querySelector("[data-queue-empty]").hidden = queue.tracks.length > 0;
    panel.querySelector("[data-do=clear]").hidden = queue.tracks.length === 0;
  }

  function draw(track, position) {
    const row = template.content.firstElementChild.cloneNode(true);
    const name = nameOf(track);
    row.dataset.entry = String(track.entry);
    if (position === queue.index) row.setAttribute("aria-current", "true");
    row.classList.toggle("is-over", position < queue.index);
    row.querySelector(".queue-title").textContent = track.title;
    row.querySelector(".queue-byline").textContent = track.artist || "Unknown artist";
    for (const [action, text] of [["up", "up"], ["down", "down"]]) {
      row.querySelector(`[data-do=${action}]`).setAttribute("aria-label", `Move ${name} ${text}`);
    }
    row.querySelector("[data-do=remove]").setAttribute("aria-label", `Remove ${name} from the queue`);
    row.querySelector("[data-do=up]").disabled = position === 0;
    row.querySelector("[data-do=down]").disabled = position === queue.tracks.length - 1;
    return row;
  }

  function shift(button, step) {
    const [entry, action] = [entryOf(button), button.dataset.do];
    queue.move(entry, rows().findIndex((row) => Number(row.dataset.entry) === entry) + step);
    // The list was drawn anew: the focus goes along with the track, to where it can still be moved.
    const row = list.querySelector(`[data-entry="${entry}"]`);
    const same = row.querySelector(`[data-do=${action}]`);
    (same.disabled ? row.querySelector("[data-do=jump]") : same).focus();
  }

  function removeRow(button) {
    const position = rows().indexOf(button.closest("[data-entry]"));
    const taken = queue.remove(entryOf(button));
    const left = rows();
    (left[Math.min(position, left.length - 1)]?.querySelector("[data-do=remove]") ?? panel.querySelector("[data-do=close]")).focus();
    toast.show("Removed from the queue.", () => queue.putBack(taken));
  }

  function rows() {
    return [...list.children];
  }

  function entryOf(element) {
    return Number(element.closest("[data-entry]").dataset.entry);
  }
}
