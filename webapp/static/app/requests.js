// What the player sends by itself: small forms, with the token that proves they come from this page.

export function send(address, fields, { isLast = false } = {}) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  return fetch(address, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-CSRFToken": token, "HX-Request": "true", "HX-Target": "player" },
    // Goes out even when the page is being closed.
    keepalive: isLast,
  });
}
