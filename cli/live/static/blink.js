// The blinking torch: on and off by turns, each frame labelled with what the torch did when it was taken.

/** How long each state is watched, ms. A whole turn takes more than 0.7 s, so that there are fewer than the three
 *  flashes a second that WCAG 2.3.1 allows. */
const WATCHED_MS = 360;

/** After the browser says that it switched: least and most wait until the picture shows it, ms. */
const SETTLE_MS = [100, 600];

/** The picture has changed when its mean moved by this share, and stands when the next moves by less than that. */
const MOVED = 0.08;
const STANDS = 0.03;

/**
 * Fed with the mean brightness of every frame; `label` is "on", "off", or null while the torch is changing:
 * such a frame may be lit in part and is not sent.
 */
export class Blink {
  constructor(switchTorch, clock = () => performance.now()) {
    this.switchTorch = switchTorch;
    this.clock = clock;
    this.label = null;
    this.running = false;
  }

  start(now) {
    this.running = true;
    this.#turn(true, now, NaN);
  }

  stop() {
    this.running = false;
    this.label = null;
  }

  /** Take note of a frame taken at `now` (ms) with mean brightness `mean`; return its label. */
  see(mean, now) {
    if (!this.running) return null;
    if (this.label !== null) {
      if (now - this.since > WATCHED_MS) this.#turn(this.label === "off", now, mean);
    } else if (this.switched !== null) {
      const waited = now - this.switched;
      const way = (mean - this.before) * (this.wanted ? 1 : -1);
      const moved = way > MOVED * Math.max(this.before, 1);
      const stands = Math.abs(mean - this.last) <= STANDS * Math.max(this.last, 1);
      // Where the torch lights nothing near, nothing moves: then the longest wait decides.
      if ((waited >= SETTLE_MS[0] && moved && stands) || waited >= SETTLE_MS[1]) {
        this.label = this.wanted ? "on" : "off";
        this.since = now;
      }
    }
    this.last = mean;
    return this.label;
  }

  #turn(on, now, mean) {
    this.label = null;
    this.wanted = on;
    this.before = mean;
    this.switched = null;
    Promise.resolve(this.switchTorch(on)).then((did) => {
      if (!this.running || this.wanted !== on) return;
      if (did) this.switched = this.clock();
      else this.stop();
    });
  }
}

/** Return a function that tells the mean brightness, 0-255, of what a video shows now. */
export function meter(video) {
  const canvas = document.createElement("canvas");
  // So few points are read back in well under a millisecond, and the mean needs no more.
  canvas.width = 32;
  canvas.height = 18;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return () => {
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
    return sum / (0.75 * data.length);
  };
}
