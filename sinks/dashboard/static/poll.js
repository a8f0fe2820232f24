// Ask again and again: each part is shown when its answer comes, and none waits for one that takes long.

import { ask } from "./asking.js";

const AWAY_EVERY_MS = 5000;

export class Poll {
  // `parts` gives [path, parameters, shown, refused] as things stand now; `refused` may take an error, and then returns true.
  // `told` hears null when all went well, else the first error.
  constructor({ parts, every, told }) {
    Object.assign(this, { parts, every, told });
    this.asking = null;
    this.waiting = null;
  }

  stop() {
    clearTimeout(this.waiting);
    this.asking?.abort();
    this.asking = null;
  }

  // Ask now; and from then on, unless `once`.
  async start({ once = false } = {}) {
    this.stop();
    const mine = (this.asking = new AbortController());
    const failed = await Promise.all(this.parts().map((part) => this.#part(part, mine)));
    if (mine !== this.asking) return;
    const error = failed.find((each) => each !== null) ?? null;
    this.told(error);
    // Who has to sign in first would be asked again and again.
    if (once || error?.status === 401) return;
    this.waiting = setTimeout(() => this.start(), error ? AWAY_EVERY_MS : this.every());
  }

  async #part([path, parameters, shown, refused], mine) {
    try {
      const answer = await ask(path, parameters, { signal: mine.signal });
      if (mine === this.asking) shown(answer);
      return null;
    } catch (error) {
      if (mine !== this.asking || mine.signal.aborted) return null;
      return refused?.(error) ? null : error;
    }
  }
}
