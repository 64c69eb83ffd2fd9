// The link to the computer: frames by websocket, by POST where the browser refuses it (iOS on self-made certificates).

/** Frames on the way at once by websocket: one is looked at while the next travels. By POST: one. */
const ON_THE_WAY = { socket: 2, post: 1 };

/** A frame without an answer for so long is given up, ms; the computer drops those that a newer one overtook. */
const GIVEN_UP_MS = 2500;

/** Longest wait for a websocket to open, ms: iOS may neither open nor refuse it. */
const OPENING_MS = 3000;

/** Pauses before trying again, ms. */
const AGAIN_MS = [500, 1000, 2000, 5000];

/** What the computer closes a websocket with when this phone opened another one. */
const CODE_AGAIN = 4002;

/** Return one message: length of the header (4 bytes, little endian), header, picture. */
export function message(header, jpeg) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, text.length, true);
  return new Blob([length.buffer, text, jpeg]);
}

/**
 * Sends frames and hands on what comes back.
 *
 * Events: `answer`, `state`, `radio` (detail: the message), `way` (detail: opening, socket, post, lost, refused,
 * replaced).
 */
export class Link extends EventTarget {
  constructor({ token, origin = location.origin }) {
    super();
    this.token = token;
    this.origin = origin;
    this.way = "opening";
    this.sent = new Map();
    this.socket = null;
    this.failures = 0;
    this.everOpen = false;
    this.closed = false;
  }

  /** Begin. Until the websocket is open or given up, there is no room for frames. */
  open() {
    if (this.closed) return;
    const address = new URL("/frames", this.origin);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("t", this.token);
    let socket;
    try {
      socket = new WebSocket(address);
    } catch {
      this.#become("post");
      return;
    }
    this.socket = socket;
    const tooLong = setTimeout(() => socket.close(), OPENING_MS);
    socket.addEventListener("open", () => {
      clearTimeout(tooLong);
      this.everOpen = true;
      this.failures = 0;
      this.sent.clear();
      this.#become("socket");
    });
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(tooLong);
      if (this.socket !== socket || this.closed) return;
      this.socket = null;
      this.sent.clear();
      if (code === CODE_AGAIN) {
        this.#become("replaced");
        return;
      }
      this.#become("post");
      // One that never opened will not: self-made certificate on iOS. One that broke may come back.
      if (this.everOpen) setTimeout(() => this.open(), AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)]);
    });
  }

  /** Tell whether a frame would go out at once. If not, it is better never made: the next one is newer. */
  get room() {
    const now = performance.now();
    for (const [seq, at] of this.sent) if (now - at > GIVEN_UP_MS) this.sent.delete(seq);
    if (this.way === "socket") return this.socket.bufferedAmount === 0 && this.sent.size < ON_THE_WAY.socket;
    return (this.way === "post" || this.way === "lost") && this.sent.size < ON_THE_WAY.post && !this.resting;
  }

  /** Send one frame; false if there is no room any more. */
  send(header, jpeg) {
    if (!this.room) return false;
    const body = message(header, jpeg);
    this.sent.set(header.seq, performance.now());
    if (this.way === "socket") this.socket.send(body);
    else this.#post(header.seq, body);
    return true;
  }

  /** POST something and return the JSON of the reply. Throws an Error with `status` where it was refused. */
  async post(path, body, headers = {}) {
    const answer = await fetch(new URL(path, this.origin), {
      method: "POST",
      body,
      headers: { "X-Roomsweep-Token": this.token, ...headers },
      cache: "no-store",
    });
    if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { status: answer.status });
    const text = await answer.text();
    return text ? JSON.parse(text) : {};
  }

  /** End. */
  close() {
    this.closed = true;
    this.socket?.close();
    this.socket = null;
  }

  async #post(seq, body) {
    try {
      const reply = await this.post("/frame", body, { "Content-Type": "application/octet-stream" });
      if (this.closed) return;
      this.failures = 0;
      if (this.way === "lost") this.#become("post");
      this.#hand(reply);
    } catch (error) {
      if (this.closed || this.way === "socket") return;
      if (error.status === 409) this.#hand({ type: "state", state: "busy" });
      else if (error.status === 403) this.#become("refused");
      else if (!error.status || error.status >= 500) this.#become("lost");
      this.resting = true;
      setTimeout(() => (this.resting = false), AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)]);
    } finally {
      this.sent.delete(seq);
    }
  }

  #take(data) {
    let told;
    try {
      told = JSON.parse(data);
    } catch {
      return;
    }
    this.#hand(told);
  }

  #hand(told) {
    if (told === null || typeof told !== "object") return;
    if (told.type === "answer") for (const seq of this.sent.keys()) if (seq <= told.seq) this.sent.delete(seq);
    if (!["answer", "state", "radio"].includes(told.type)) return;
    this.dispatchEvent(new CustomEvent(told.type, { detail: told }));
  }

  #become(way) {
    if (this.way === way) return;
    this.way = way;
    this.dispatchEvent(new CustomEvent("way", { detail: way }));
  }
}
