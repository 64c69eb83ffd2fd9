// The finding card and the list of what was found.

import { say } from "./words.js";

/** Levels from the strongest on. */
const ORDER = ["identified", "suspect", "look", "noted"];

const byId = (id) => document.getElementById(id);

/** Return the name of a level in the person's language. */
export const levelName = (level) => say(`level.${level}.name`);

/** Put text that the computer wrote into an element, with its language for the screen reader. */
export function put(element, text, lang) {
  element.textContent = text ?? "";
  element.lang = lang;
  element.dir = "auto";
}

/** Return a picture's address if it is one that may be shown: only pictures within the message itself. */
export const pictureOf = ({ crop }) => (/^data:image\/(jpeg|png|webp);base64,/.test(crop ?? "") ? crop : null);

export class Findings {
  constructor({ onNew }) {
    this.onNew = onNew;
    this.all = new Map();
    this.open = null;
    this.closed = new Set();
    this.lang = "en";
    byId("card-close").addEventListener("click", () => this.close());
    byId("card-zoom").addEventListener("click", () => this.#enlarge(!byId("card").classList.contains("large")));
  }

  /** Take the findings of an answer. */
  take(findings, { zone, lang = "en" }) {
    this.lang = lang;
    let changed = false;
    for (const finding of findings) {
      const known = this.all.get(finding.id);
      const kept = { ...known, ...finding, crop: pictureOf(finding) ?? known?.crop ?? null };
      // A zone sticks: the first that was tapped while the finding was in view.
      kept.zone = known?.zone ?? zone ?? null;
      this.all.set(finding.id, kept);
      const rose = known && ORDER.indexOf(finding.level) < ORDER.indexOf(known.level);
      if (!known || rose || ["title", "zone"].some((name) => kept[name] !== known[name])) changed = true;
      if ((!known || rose) && finding.level !== "noted") {
        this.onNew(kept);
        if (this.open === null || ORDER.indexOf(finding.level) < ORDER.indexOf(this.all.get(this.open).level)) {
          if (!this.closed.has(finding.id) || rose) this.show(finding.id);
        }
      }
    }
    if (changed) this.list();
    if (this.open !== null && findings.some(({ id }) => id === this.open)) this.card();
  }

  /** Open the card of a finding; `focus` where the person asked for it. */
  show(id, { focus = false } = {}) {
    this.open = id;
    this.card();
    // Asked for, the picture is large; by itself, it leaves room for the words.
    this.#enlarge(focus);
    byId("panels").scrollTop = 0;
    if (focus) byId("card-title").focus();
  }

  close() {
    const id = this.open;
    this.closed.add(id);
    this.open = null;
    this.card();
    byId("found").querySelector(`[data-row="${CSS.escape(id)}"]`)?.focus();
  }

  /** Write the open card again. */
  card() {
    const finding = this.all.get(this.open);
    const card = byId("card");
    card.hidden = !finding;
    if (!finding) return;
    card.dataset.level = finding.level;
    byId("card-level").textContent = levelName(finding.level);
    byId("card-meaning").textContent = say(`level.${finding.level}.meaning`);
    for (const part of ["title", "reason", "advice"]) {
      const element = byId(`card-${part}`);
      if (element.textContent !== (finding[part] ?? "")) put(element, finding[part], this.lang);
    }
    const crop = byId("card-crop");
    byId("card-zoom").hidden = !finding.crop;
    if (finding.crop && crop.getAttribute("src") !== finding.crop) crop.src = finding.crop;
    byId("card-zone").textContent = finding.zone ? say("card.zone", { zone: say(`zone.${finding.zone}`) }) : "";
  }

  #enlarge(large) {
    byId("card").classList.toggle("large", large);
    byId("card-zoom").setAttribute("aria-expanded", String(large));
  }

  /** Write the list again. */
  list() {
    const list = byId("found");
    const focused = document.activeElement?.dataset.row;
    const rows = [...this.all.values()].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
    byId("found-none").hidden = rows.length > 0;
    list.replaceChildren(
      ...rows.map((finding) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.row = finding.id;
        button.dataset.tone = finding.level;
        const level = document.createElement("span");
        level.className = "badge";
        level.textContent = levelName(finding.level);
        const title = document.createElement("span");
        put(title, finding.title, this.lang);
        const zone = document.createElement("span");
        zone.className = "soft";
        zone.textContent = finding.zone ? say(`zone.${finding.zone}`) : "";
        button.append(level, " ", title, " ", zone);
        button.addEventListener("click", () => this.show(finding.id, { focus: true }));
        item.append(button);
        return item;
      }),
    );
    if (focused) list.querySelector(`[data-row="${CSS.escape(focused)}"]`)?.focus();
  }
}
