// A row that a form takes out of its list: the one that comes into its place has the focus then, and not the page's top.

const FORM = "form[data-takes-out]";

export function attachTakenOut() {
  let place = -1; // in the list, of the row that is being taken out

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "page") place = [...document.querySelectorAll(FORM)].indexOf(detail.requestConfig.elt);
  });
  // Navigation gives a new page the focus; it was attached before, so this is called after it.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "page" || place < 0) return;
    const left = document.querySelectorAll(`${FORM} button`);
    left[Math.min(place, left.length - 1)]?.focus();
    place = -1;
  });
}
