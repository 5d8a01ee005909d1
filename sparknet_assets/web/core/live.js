// What is under way right now: batches and changed rows, from the server's event stream.

import * as api from "./api.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const SHOWN_RUNS = 20;
// The stream tells of this server's runs alone; those of other processes are asked for this often.
const ELSEWHERE_MS = 4000;

class Live extends EventTarget {
  runs = new Map();
  connected = false;
  #started = false;
  #looking = null;

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

  /** The newest run of this server, when it broke off: with what it said. */
  get brokenOff() {
    const last = [...this.runs.values()].findLast((run) => run.what !== "elsewhere");
    return last?.state === "failed" && last.message ? last : null;
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
          else if (event === "document") {
            this.#tell("document", data);
            this.#lookElsewhere();
          }
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
    this.#takeAll(runs);
    this.#tell("caught-up");
  }

  /** Asks for the runs of others soon: when rows change, and for as long as one is under way. */
  #lookElsewhere() {
    this.#looking ??= setTimeout(async () => {
      this.#looking = null;
      const answer = await api.get(["runs"]).catch(() => null);
      if (answer) this.#takeAll(answer.runs);
    }, ELSEWHERE_MS);
  }

  #takeAll(runs) {
    for (const run of runs.slice(0, SHOWN_RUNS).reverse()) this.#take(run);
    const there = new Set(runs.map((run) => run.id));
    for (const run of this.active.filter((one) => one.what === "elsewhere")) {
      if (there.has(run.id)) this.#lookElsewhere();
      else this.#take({ ...run, state: "done" });
    }
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
