const KEY = "batch-loop.last-place";

/** What contains the folder that was last chosen in this browser: the next search begins there. */
export class LastPlace {
  #storage;

  /**
   * @param {() => Storage} [storage] - throws where the browser keeps nothing for this page
   */
  constructor(storage = () => window.localStorage) {
    this.#storage = storage;
  }

  /** The path of a folder; null if none is known. */
  get() {
    try {
      return this.#storage().getItem(KEY);
    } catch {
      return null; // the search begins where it does for a new user
    }
  }

  /** @param {string} folder */
  set(folder) {
    try {
      this.#storage().setItem(KEY, folder);
    } catch {
      // As above: it is only a convenience.
    }
  }
}
