// The map of all tracks: loads it, puts its parts together, and lets pointer, keys, legend and player move it.

import { Board } from "./board.js";
import { Cards } from "./cards.js";
import { readClusters } from "./clusters.js";
import { Field } from "./field.js";
import { Finder } from "./finder.js";
import { attachGestures } from "./gestures.js";
import { attachKeys } from "./keys.js";

const PACE = 1.6;
const STEP = 0.25; // of what is in view

/** Draw the map into an element of the page; `queue` says what plays. It ends when the page is left. */
export async function openMap(root, queue) {
  const part = (name) => root.querySelector(`[data-map-${name}]`);
  part("message").textContent = "The map is being drawn …";
  const packed = await load(root.dataset.points);
  if (typeof packed === "string") return refuse(packed);
  if (!root.isConnected) return;
  const field = new Field(packed, readClusters());
  part("board").hidden = false;
  const board = Board.on(part("board"), field);
  if (!board) return refuse("This browser can't draw the map: WebGL 2 is missing, or turned off.");
  const parts = { frame: part("frame"), tip: part("tip"), card: part("card") };
  const finder = new Finder(board, field, new Cards(root.dataset), queue, parts);
  board.addEventListener("draw", () => {
    root.dataset.drawn = field.length;
    finder.placeTip();
  });
  listen();
  part("message").hidden = true;
  for (const name of ["moves", "tools", "keys"]) part(name).hidden = false;
  if (root.dataset.cluster) board.showCluster(field.orderOf(root.dataset.cluster));
  if (root.dataset.track) finder.show(root.dataset.track);
  else finder.follow();

  function listen() {
    const leaving = new AbortController();
    const whileOpen = { signal: leaving.signal };
    const moves = { pan: (dx, dy) => board.pan(dx, dy), zoom: (...rest) => board.zoom(...rest) };
    attachGestures(part("board"), {
      ...moves,
      press: (...rest) => finder.press(...rest),
      point: (...rest) => finder.point(...rest),
      leave: () => finder.unpoint(),
    });
    attachKeys(part("board"), {
      ...moves,
      go: (...way) => finder.go(...way),
      play: () => finder.play(),
      whole: () => board.showWhole(),
    });
    const step = (dx, dy) => board.pan(dx * STEP * board.camera.width, dy * STEP * board.camera.height);
    // Each is one press: nobody has to drag, which not everybody can.
    const tools = {
      left: () => step(1, 0),
      right: () => step(-1, 0),
      up: () => step(0, 1),
      down: () => step(0, -1),
      nearer: () => board.zoom(PACE),
      farther: () => board.zoom(1 / PACE),
      whole: () => board.showWhole(),
    };
    // Wherever the focus is: what covers the map is put away without moving the pointer.
    document.addEventListener("keydown", (event) => event.key === "Escape" && finder.unpoint(), whileOpen);
    root.addEventListener("click", (event) => tools[event.target.closest("[data-map-do]")?.dataset.mapDo]?.());
    for (const event of ["pointerover", "pointerout", "focusin", "focusout"]) {
      document.addEventListener(event, (happened) => standOut(happened), whileOpen);
    }
    let followed = queue.current?.entry;
    queue.addEventListener("change", () => {
      // What else changes in the queue leaves the view where somebody may have moved it meanwhile.
      if (queue.current?.entry === followed) return;
      followed = queue.current?.entry;
      finder.follow();
    }, whileOpen);
    for (const look of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(look).addEventListener("change", () => board.recolour(), whileOpen);
    }
    document.addEventListener("htmx:afterSettle", () => root.isConnected || leave(leaving), whileOpen);
  }

  function leave(leaving) {
    leaving.abort();
    board.free();
  }

  /** While a cluster of the legend is pointed at, its tracks stand out. */
  function standOut({ type, target }) {
    const link = ["pointerover", "focusin"].includes(type) && target.closest?.("[data-map-cluster]");
    const only = link ? field.orderOf(link.dataset.mapCluster) : -1;
    if (only === board.only) return;
    board.only = only;
    board.redraw();
  }

  function refuse(reason) {
    part("board").hidden = true;
    part("message").textContent = `${reason} The list below holds the same tracks.`;
  }
}

/** The packed map; where there is none, what to say of it. */
async function load(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok && !answer.redirected) return await answer.arrayBuffer();
    return "The map has been drawn anew meanwhile. Load the page again to see it.";
  } catch {
    return "The map did not arrive: the library can't be reached.";
  }
}
