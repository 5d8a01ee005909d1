// What is under way right now: batches and changed rows, from the server's event stream.

import * as api from "./api.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const SHOWN_RUNS = 20;

class Live extends EventTarget {
  runs = new Map();
  connected = false;
  #started = false;

  start() {
    if (this.#started) return;
    this.#started = true;
    void this.#keepUp();
  }

  /** Runs that wait or work, the newest first. */
  get active() {
    return [...this.runs.values()].filter(
      (run) => run.state === "running" || run.state === "waiting",
    );
  }

  on(name, act, signal) {
    this.addEventListener(name, (event) => act(event.detail), { signal });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  async #keepUp() {
    let wait = FIRST_WAIT;
    for (;;) {
      try {
        await this.#refresh();
        for await (const { event, data } of api.stream("GET", ["events"])) {
          wait = FIRST_WAIT;
          this.#connection(true);
          if (event === "progress") this.#take(data);
          else if (event === "document") this.#tell("document", data);
        }
      } catch {
        // Below: the stream is asked for again.
      }
      this.#connection(false);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** What happened while nobody listened. */
  async #refresh() {
    const { runs } = await api.get(["runs"]);
    this.#connection(true);
    for (const run of runs.slice(0, SHOWN_RUNS).reverse()) this.#take(run);
    this.#tell("caught-up");
  }

  #take(run) {
    const before = this.runs.get(run.id);
    const whole = { ...before, ...run };
    this.runs.set(run.id, whole);
    this.#tell("run", { run: whole, before });
  }

  #connection(there) {
    if (this.connected === there) return;
    this.connected = there;
    this.#tell("connection", there);
  }
}

export const live = new Live();
