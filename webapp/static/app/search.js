// Suggestions while a search is being typed: an ARIA combobox over options that the server renders.

const PAUSE_MS = 120;

export function attachSearch() {
  attachAll(document);
  document.addEventListener("htmx:load", (event) => attachAll(event.target));
}

function attachAll(root) {
  for (const form of root.querySelectorAll("form[data-suggestions]:not([data-is-attached])")) attach(form);
}

function attach(form) {
  form.dataset.isAttached = "";
  const input = form.querySelector("input[name=q]");
  const box = form.querySelector(".suggestions");
  const count = form.querySelector("[data-suggestion-count]");
  let timer = 0;
  let asking = null;

  box.id = "suggestions";
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Tracks");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", box.id);
  close();

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("keydown", onKey);
  form.addEventListener("submit", close);
  document.addEventListener("click", function away(event) {
    if (!form.isConnected) document.removeEventListener("click", away);
    else if (!form.contains(event.target)) close();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });

  async function ask() {
    const query = input.value.trim();
    if (!query) return close();
    asking?.abort();
    asking = new AbortController();
    try {
      const address = `${form.dataset.suggestions}?q=${encodeURIComponent(query)}`;
      const answer = await fetch(address, { signal: asking.signal });
      // Whose session is over is led to the log-in, which is no list of suggestions.
      if (answer.ok && new URL(answer.url).pathname === form.dataset.suggestions) show(await answer.text());
    } catch (error) {
      // An answer that was overtaken or lost costs nothing: the form itself still searches.
      if (error.name !== "AbortError") close();
    }
  }

  function show(html) {
    box.innerHTML = html;
    // Their links lead on within the page, as all do: what plays, plays on.
    window.htmx.process(box);
    const found = options().length;
    box.hidden = found === 0;
    input.setAttribute("aria-expanded", String(found > 0));
    input.removeAttribute("aria-activedescendant");
    count.textContent = found === 1 ? "1 suggestion" : `${found} suggestions`;
  }

  /** What was asked meanwhile opens it no more. */
  function close() {
    clearTimeout(timer);
    asking?.abort();
    box.hidden = true;
    box.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function options() {
    return [...box.querySelectorAll("[role=option]")];
  }

  function onKey(event) {
    const all = options();
    if (event.key === "Escape" && all.length) {
      event.preventDefault();
      return close();
    }
    const selected = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Enter" && selected >= 0) {
      event.preventDefault();
      return all[selected].click();
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place more than there are options: past the last one is the text itself.
      select(all, ((selected + 1 + step + all.length + 1) % (all.length + 1)) - 1);
    }
  }

  function select(all, index) {
    all.forEach((option, position) => option.setAttribute("aria-selected", String(position === index)));
    if (index < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", all[index].id);
    all[index].scrollIntoView({ block: "nearest" });
  }
}
