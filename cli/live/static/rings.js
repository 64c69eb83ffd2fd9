// Circles over the picture that follow the findings smoothly between the answers.

/** A circle goes on at its last speed for so long at most, ms: a hand keeps its way about that long. */
const AHEAD_MS = 250;

/** Time constant with which a circle catches up, ms: two or three frames of a screen, so that it does not jump. */
const CATCH_MS = 45;

/** A finding that answers do not name any more fades for so long, ms. */
const FADE_MS = 700;

/** Least radius of a circle, CSS px; what can be touched reaches 9 px farther (WCAG 2.5.5 asks for 44 px across). */
const RADIUS_PX = 20;

/** The place of one finding over time, in shares of the picture. */
export class Follower {
  constructor() {
    this.place = null;
    this.shown = null;
  }

  /** An answer says that it was at (x, y), radius r, in the frame taken at `at` ms. */
  see({ x, y, r }, at) {
    let speed = { x: 0, y: 0 };
    if (this.place !== null && at > this.place.at && at - this.place.at < 1000) {
      const took = at - this.place.at;
      const new_ = { x: (x - this.place.x) / took, y: (y - this.place.y) / took };
      const old = this.place.speed ?? new_;
      speed = { x: 0.7 * new_.x + 0.3 * old.x, y: 0.7 * new_.y + 0.3 * old.y };
      this.place = { x, y, r, at, speed };
    } else {
      this.place = { x, y, r, at, speed: null };
    }
  }

  /** Return where to draw it at `now` ms. */
  at(now) {
    const ahead = Math.min(Math.max(now - this.place.at, 0), AHEAD_MS);
    const speed = this.place.speed ?? { x: 0, y: 0 };
    const aim = { x: this.place.x + speed.x * ahead, y: this.place.y + speed.y * ahead, r: this.place.r };
    if (this.shown === null) {
      this.shown = { ...aim, now };
    } else {
      const share = 1 - Math.exp(-Math.max(now - this.shown.now, 0) / CATCH_MS);
      for (const name of ["x", "y", "r"]) this.shown[name] += share * (aim[name] - this.shown[name]);
      this.shown.now = now;
    }
    return this.shown;
  }
}

/** The circles: one button for each finding in view. */
export class Rings {
  constructor({ box, name, onOpen }) {
    this.box = box;
    this.name = name;
    this.onOpen = onOpen;
    this.mirrored = false;
    this.byId = new Map();
  }

  /** Take the findings of an answer on the frame taken at `at`. */
  show(findings, at) {
    const now = performance.now();
    for (const finding of findings) {
      if (![finding.x, finding.y, finding.r].every(Number.isFinite)) continue;
      let ring = this.byId.get(finding.id);
      if (!ring) {
        ring = { follower: new Follower(), element: this.#button(finding.id) };
        this.byId.set(finding.id, ring);
        this.box.append(ring.element);
      }
      ring.follower.see(finding, at);
      ring.seen = now;
      ring.finding = finding;
      ring.element.dataset.level = finding.level;
      ring.element.setAttribute("aria-label", this.name(finding));
    }
  }

  /** Move all circles to where they belong at `now`. */
  draw(now, { stale }) {
    const { clientWidth: width, clientHeight: height } = this.box;
    this.box.classList.toggle("stale", stale);
    for (const [id, { follower, element, seen }] of this.byId) {
      const gone = now - seen;
      if (gone > FADE_MS && !stale) {
        if (element !== document.activeElement) {
          element.remove();
          this.byId.delete(id);
          continue;
        }
      }
      const { x, y, r } = follower.at(now);
      const radius = Math.max(RADIUS_PX, 1.6 * r * width);
      const across = this.mirrored ? 1 - x : x;
      element.style.width = element.style.height = `${2 * radius}px`;
      element.style.transform = `translate(${across * width - radius}px, ${y * height - radius}px)`;
      element.style.opacity = stale ? 0.5 : Math.max(0.25, 1 - Math.max(0, gone - 200) / FADE_MS);
    }
  }

  /** Say all names again, in another language. */
  rename() {
    for (const { element, finding } of this.byId.values()) element.setAttribute("aria-label", this.name(finding));
  }

  clear() {
    for (const { element } of this.byId.values()) element.remove();
    this.byId.clear();
  }

  #button(id) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ring";
    button.dataset.finding = id;
    button.addEventListener("click", () => this.onOpen(id));
    return button;
  }
}
