// What this browser remembers for one listener. Where it may not remember, everything works until the page is closed.

const PREFIX = "earwise:";

export class Storage {
  static #isClosed = false;
  #prefix;

  constructor(listener) {
    this.#prefix = `${PREFIX}${listener}:`;
  }

  read(key) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + key));
    } catch {
      return null;
    }
  }

  write(key, value) {
    if (Storage.#isClosed) return;
    try {
      localStorage.setItem(this.#prefix + key, JSON.stringify(value));
    } catch {
      // Full or forbidden: the queue lives on in the page.
    }
  }

  /** Act when another tab has forgotten everybody; nothing is remembered here from then on. */
  whenForgotten(act) {
    window.addEventListener("storage", ({ key, newValue }) => {
      const isOwn = key === null || key.startsWith(this.#prefix);
      if (!isOwn || newValue !== null || Storage.#isClosed) return;
      Storage.#isClosed = true;
      act();
    });
  }

  /** Nothing of the listener stays for whoever uses this browser next. */
  forgetEverybody() {
    // The browser may have forgotten already, as the server asks it to; that this goes tells the other tabs all the same.
    this.write("leaving", true);
    // What still plays in the page while it is being left remembers nothing any more.
    Storage.#isClosed = true;
    try {
      Object.keys(localStorage)
        .filter((key) => key.startsWith(PREFIX))
        .forEach((key) => localStorage.removeItem(key));
    } catch {
      // What could not be written need not be removed.
    }
  }
}
