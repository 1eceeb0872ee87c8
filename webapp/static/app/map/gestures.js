// Moving the map by hand: drag, wheel and pinch; a press that does not move is a press on what is there.

const STILL_PX = 5;
const WHEEL_PACE = 0.0015;

/** `handlers`: pan(dx, dy), zoom(factor, px, py), press(px, py, isTouch), point(px, py) and leave(). */
export function attachGestures(board, handlers) {
  const held = new Map(); // pointers that are down, by id: where they are
  let moved = 0;

  board.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    board.setPointerCapture(event.pointerId);
    if (!held.size) moved = 0;
    held.set(event.pointerId, place(event));
    handlers.leave();
  });
  board.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return event.pointerType === "mouse" && handlers.point(...place(event));
    const before = middle(held);
    held.set(event.pointerId, place(event));
    const after = middle(held);
    moved += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.span - before.span);
    if (moved < STILL_PX) return;
    board.classList.add("is-moving");
    handlers.pan(after.x - before.x, after.y - before.y);
    if (before.span > 0 && after.span > 0) handlers.zoom(after.span / before.span, after.x, after.y);
  });
  board.addEventListener("pointerup", (event) => {
    const wasHeld = held.delete(event.pointerId);
    board.classList.remove("is-moving");
    if (wasHeld && !held.size && moved < STILL_PX) handlers.press(...place(event), event.pointerType !== "mouse");
  });
  board.addEventListener("pointercancel", (event) => {
    held.delete(event.pointerId);
    board.classList.remove("is-moving");
    moved = Infinity;
  });
  board.addEventListener("pointerleave", () => handlers.leave());
  board.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      handlers.zoom(Math.exp(-event.deltaY * lines * WHEEL_PACE), ...place(event));
    },
    { passive: false },
  );

  function place(event) {
    const { left, top } = board.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }
}

function middle(held) {
  const all = [...held.values()];
  const x = all.reduce((sum, [px]) => sum + px, 0) / all.length;
  const y = all.reduce((sum, [, py]) => sum + py, 0) / all.length;
  return { x, y, span: all.length === 2 ? Math.hypot(all[0][0] - all[1][0], all[0][1] - all[1][1]) : 0 };
}
