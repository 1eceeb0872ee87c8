// The map by keyboard, while it has the focus.

const STEP_PX = 80;
const PACE = 1.5;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function attachKeys(board, { zoom, pan, go, whole, play }) {
  const keys = { "+": () => zoom(PACE), "=": () => zoom(PACE), "-": () => zoom(1 / PACE), 0: whole, Enter: play };
  board.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (!way && !keys[event.key]) return;
    event.preventDefault();
    if (!way) keys[event.key]();
    else if (event.shiftKey) pan(-way[0] * STEP_PX, way[1] * STEP_PX);
    else go(...way);
  });
}
