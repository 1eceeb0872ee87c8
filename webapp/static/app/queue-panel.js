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
      player.claim();
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
    const returnFocus = holdFocus();
    list.replaceChildren(...queue.tracks.map(draw));
    panel.querySelector("[data-queue-empty]").hidden = queue.tracks.length > 0;
    panel.querySelector("[data-do=clear]").hidden = queue.tracks.length === 0;
    returnFocus?.();
  }

  /** Gives what leads the focus to its track in the list as it is drawn then, or to the one that came into its place. */
  function holdFocus() {
    const { activeElement } = document;
    if (!list.contains(activeElement)) return null;
    const [entry, action, scrolledTo] = [entryOf(activeElement), activeElement.dataset.do, panel.scrollTop];
    const position = rows().indexOf(activeElement.closest("[data-entry]"));
    return () => {
      const left = rows();
      const row = list.querySelector(`[data-entry="${entry}"]`) ?? left[Math.min(position, left.length - 1)];
      if (!row) return panel.querySelector("[data-do=close]").focus();
      const same = row.querySelector(`[data-do=${action}]`);
      // It goes to where a track can still be moved. Whoever has scrolled on is left where they are.
      (same.disabled ? row.querySelector("[data-do=jump]") : same).focus({ preventScroll: true });
      panel.scrollTop = scrolledTo;
    };
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
    queue.move(entryOf(button), rows().indexOf(button.closest("[data-entry]")) + step);
    showFocused();
  }

  function removeRow(button) {
    const taken = queue.remove(entryOf(button));
    showFocused();
    toast.show("Removed from the queue.", () => queue.putBack(taken));
  }

  function showFocused() {
    if (list.contains(document.activeElement)) document.activeElement.scrollIntoView({ block: "nearest" });
  }

  function rows() {
    return [...list.children];
  }

  function entryOf(element) {
    return Number(element.closest("[data-entry]").dataset.entry);
  }
}
