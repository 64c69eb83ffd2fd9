// The guided sweep: what an untrained person does, step by step.

import { say, knows } from "./words.js";

/** Steps before the camera is opened, and with it: what the camera does, in which zone, and which keys are needed. */
export const PREPARE = ["computer", "dark_room"];
export const STEPS = [
  { name: "dark", mode: "dark", zone: null },
  { name: "torch", mode: "torch", zone: "door" },
  { name: "round", mode: "torch", zone: null, keys: ["zones"] },
  { name: "things", mode: "torch", zone: null, things: true, keys: ["zones"] },
  { name: "decide", mode: "blink", zone: null, keys: ["modes"] },
  { name: "bathroom", mode: "torch", zone: "bathroom" },
];

/** What hides cameras most often, in the order in which a room is walked. */
export const THINGS = [
  "smoke_alarm", "clock", "socket", "charger", "hook", "vent", "incense", "tissue_box", "mirror", "television", "lamp",
];

const byId = (id) => document.getElementById(id);

/** Put the sentences `prefix.1`, `prefix.2` ... into a list. */
export function fillList(list, prefix) {
  list.replaceChildren();
  for (let at = 1; knows(`${prefix}.${at}`); at++) {
    const item = document.createElement("li");
    item.textContent = say(`${prefix}.${at}`);
    list.append(item);
  }
}

export class Guide {
  /**
   * @param onCamera  called when the steps that need the camera begin
   * @param onStep    called with each step that uses it
   * @param onEnd     called after the last
   * @param onLeave   called when the person goes back from the first
   */
  constructor({ onCamera, onStep, onEnd, onLeave }) {
    Object.assign(this, { onCamera, onStep, onEnd, onLeave });
    this.at = null;
    this.seen = new Set();
    for (const place of ["prepare", "guide"]) {
      byId(`${place}-back`).addEventListener("click", () => this.go(this.at - 1));
      byId(`${place}-next`).addEventListener("click", () => this.go(this.at + 1));
    }
  }

  get active() {
    return this.at !== null;
  }

  get preparing() {
    return this.active && this.at < PREPARE.length;
  }

  async go(at) {
    if (at < 0) {
      this.at = null;
      this.write();
      this.onLeave();
      return;
    }
    if (at >= PREPARE.length + STEPS.length) {
      this.onEnd();
      return;
    }
    const before = this.at;
    this.at = at;
    if (!this.preparing && (before === null || before < PREPARE.length) && !(await this.onCamera())) {
      this.at = before;
      return;
    }
    this.write();
    if (this.preparing) {
      this.onCamera(false);
      byId("prepare-title").focus();
    } else {
      await this.onStep(STEPS[at - PREPARE.length]);
      byId("panels").scrollTop = 0;
      byId("guide-title").focus();
    }
  }

  /** Write the step, in the language of now. */
  write() {
    const filming = this.active && !this.preparing;
    for (const part of ["guide", "guide-row"]) byId(part).hidden = !filming;
    // Fewer keys leave more room for what to do; without the guide all are there.
    const keys = filming ? (STEPS[this.at - PREPARE.length].keys ?? []) : ["zones", "modes"];
    for (const part of ["zones", "modes"]) byId(part).hidden = !keys.includes(part);
    if (!this.active) return;
    const place = this.preparing ? "prepare" : "guide";
    const name = this.preparing ? PREPARE[this.at] : STEPS[this.at - PREPARE.length].name;
    byId(`${place}-progress`).textContent = say("guide.progress", {
      step: this.at + 1,
      steps: PREPARE.length + STEPS.length,
    });
    byId(`${place}-title`).textContent = say(`guide.${name}.title`);
    fillList(byId(`${place}-list`), `guide.${name}`);
    const last = this.at === PREPARE.length + STEPS.length - 1;
    byId("guide-next").textContent = say(last ? "guide.finish" : "guide.next");
    const things = !this.preparing && STEPS[this.at - PREPARE.length].things;
    byId("guide-things").hidden = !things;
    if (things) this.#boxes();
  }

  #boxes() {
    byId("guide-boxes").replaceChildren(
      ...THINGS.map((thing) => {
        const label = document.createElement("label");
        label.className = "tick";
        const box = document.createElement("input");
        box.type = "checkbox";
        box.checked = this.seen.has(thing);
        box.addEventListener("change", () => (box.checked ? this.seen.add(thing) : this.seen.delete(thing)));
        const text = document.createElement("span");
        text.textContent = say(`thing.${thing}`);
        label.append(box, text);
        return label;
      }),
    );
  }
}
