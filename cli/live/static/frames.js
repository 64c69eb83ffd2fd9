// Frames: taken from the video as they come, made small, sent while there is room. None waits: the newest wins.

/** Longest side of a frame, px: the size at which the computer answers in time. Photos are taken whole. */
const LONGEST = 1280;

/** Quality of JPEG: below, the blocks of the codec begin to look like small spots. */
const QUALITY = 0.85;

/** Least time between two frames, ms: 20 a second is more than is needed to follow a hand, and spares the battery. */
const APART_MS = 48;

export class Frames {
  /**
   * @param video   what is filmed
   * @param link    where frames go
   * @param describe  called for every frame with its time; returns the fields of its header, or null to leave it out
   */
  constructor({ video, link, describe }) {
    this.video = video;
    this.link = link;
    this.describe = describe;
    this.canvas = document.createElement("canvas");
    this.seq = 0;
    this.running = false;
    this.busy = false;
    this.lastAt = -Infinity;
    this.taken = new Map();
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.#wait();
  }

  stop() {
    this.running = false;
  }

  /** Return the header of frame `seq` (`t_ms`: when it was taken, by performance.now()) and forget those before it. */
  headerOf(seq) {
    const header = this.taken.get(seq);
    for (const older of this.taken.keys()) if (older <= seq) this.taken.delete(older);
    return header;
  }

  #wait() {
    if (!this.running) return;
    if (this.video.requestVideoFrameCallback) {
      this.video.requestVideoFrameCallback((now, about) => this.#frame(now, about.captureTime ?? now));
    } else {
      requestAnimationFrame((now) => this.#frame(now, now));
    }
  }

  async #frame(now, at) {
    this.#wait();
    const { videoWidth, videoHeight } = this.video;
    if (!this.running || !videoWidth) return;
    const told = this.describe(at);
    if (told === null || this.busy || now - this.lastAt < APART_MS || !this.link.room) return;
    this.busy = true;
    this.lastAt = now;
    const scale = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d", { alpha: false }).drawImage(this.video, 0, 0, width, height);
    const jpeg = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
    this.busy = false;
    if (!jpeg || !this.running) return;
    const seq = ++this.seq;
    const header = { seq, t_ms: at, width, height, ...told, still: false };
    this.taken.set(seq, header);
    if (!this.link.send(header, jpeg)) this.taken.delete(seq);
  }
}
