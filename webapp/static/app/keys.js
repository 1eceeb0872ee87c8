// Single keys for the player. They can be turned off, because some ways of typing press keys by the dozen.

const SEEK_S = 5;
const LOUDER = 0.1;

let isSearchWanted = false; // on the page that comes next

export function attachKeys(player, queue, actions, storage) {
  const panel = document.querySelector("[data-keys-panel]");
  const isOn = panel.querySelector("[data-keys-on]");
  isOn.checked = storage.read("keys") ?? true;
  isOn.addEventListener("change", () => storage.write("keys", isOn.checked));
  panel.addEventListener("click", (event) => event.target === panel && panel.close());

  const keys = {
    " ": actions.toggle,
    k: actions.toggle,
    n: actions.next,
    p: actions.previous,
    m: actions.mute,
    s: actions.shuffle,
    r: actions.repeat,
    q: actions.queue,
    f: actions.heart,
    ArrowLeft: () => player.seek(player.seconds - SEEK_S),
    ArrowRight: () => player.seek(player.seconds + SEEK_S),
    ArrowUp: () => (player.volume += LOUDER),
    ArrowDown: () => (player.volume -= LOUDER),
    "/": search,
    "?": () => panel.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || !isOn.checked || event.defaultPrevented || isTaken(event, queue)) return;
    event.preventDefault();
    act();
  });

  // Navigation gives a new page the focus; it was attached before, so this is called after it.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "page" || !isSearchWanted) return;
    isSearchWanted = false;
    findSearchBox()?.focus();
  });

  return { keys: () => panel.showModal() };
}

/** Into the page's search box, or to the page that has one and into that; every page leads there, also one of an error. */
function search() {
  const box = findSearchBox();
  if (box) return box.focus();
  isSearchWanted = true;
  document.querySelector("#page .brand").click();
}

function findSearchBox() {
  return document.querySelector("main input[type=search]");
}

/** Whether the key belongs to what has the focus, to the page behind it, or to the browser. */
function isTaken(event, queue) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.querySelector("dialog[open]")) return true;
  const focused = event.target;
  const isSlider = focused.matches("input[type=range]");
  if (!isSlider && focused.matches("input, textarea, select, [contenteditable], [role=option]")) return true;
  if (event.key !== " " && !event.key.startsWith("Arrow")) return false;
  // With nothing to play they scroll, as they do anywhere.
  if (!queue.current) return true;
  if (event.key === " ") return focused.matches("button, a, summary");
  // A slider's own, by which it moves.
  if (isSlider) return true;
  // Up and down scroll the page, unless the player itself has the focus; left and right what is wider than its place.
  if (["ArrowUp", "ArrowDown"].includes(event.key)) return !focused.closest("[data-player]");
  const region = focused.closest(".scroll, pre");
  return region !== null && region.scrollWidth > region.clientWidth;
}
