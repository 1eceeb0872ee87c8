// The map is loaded on its own page alone: most listening goes on without it.

export function attachMap(queue) {
  open(document);
  document.addEventListener("htmx:load", (event) => open(event.target));

  async function open(root) {
    const found = root.querySelector("[data-map]:not([data-is-open])");
    if (!found) return;
    found.dataset.isOpen = "";
    const { openMap } = await import("./map/map.js");
    openMap(found, queue);
  }
}
