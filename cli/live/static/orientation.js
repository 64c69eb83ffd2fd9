// Where the camera looks, by the phone's orientation sensor.

const RAD = Math.PI / 180;

/** Time constant over which the speed of turning is averaged, ms: shorter is shaking, not turning. */
const SPEED_MS = 250;

/** The sensor's last word holds so long, ms; it speaks 60 times a second. */
const HOLDS_MS = 1000;

/**
 * Return yaw (clockwise from above, 0-360) and pitch (up is positive) of the camera's axis, degrees.
 *
 * The angles are those of the DeviceOrientation event: turns about Z, X', Y'' of axes that point right, up and out of
 * the screen (W3C Device Orientation). The rear camera looks along minus Z, the selfie camera along plus Z.
 */
export function lookingAt({ alpha, beta, gamma }, { selfie = false } = {}) {
  const [a, b, c] = [alpha * RAD, beta * RAD, gamma * RAD];
  const out = [
    Math.cos(a) * Math.sin(c) + Math.sin(a) * Math.sin(b) * Math.cos(c),
    Math.sin(a) * Math.sin(c) - Math.cos(a) * Math.sin(b) * Math.cos(c),
    Math.cos(b) * Math.cos(c),
  ];
  const [east, north, up] = selfie ? out : out.map((part) => -part);
  return {
    yaw_deg: (Math.atan2(east, north) / RAD + 360) % 360,
    pitch_deg: Math.asin(Math.min(1, Math.max(-1, up))) / RAD,
  };
}

/** Return how far apart two directions are, degrees. */
export function apart(one, other) {
  const [p, q] = [one.pitch_deg * RAD, other.pitch_deg * RAD];
  const cosine = Math.sin(p) * Math.sin(q) + Math.cos(p) * Math.cos(q) * Math.cos((one.yaw_deg - other.yaw_deg) * RAD);
  return Math.acos(Math.min(1, Math.max(-1, cosine))) / RAD;
}

export class Orientation {
  constructor() {
    this.direction = null;
    this.at = -Infinity;
    this.speed = 0;
    this.selfie = false;
    this.start = null;
  }

  /** Ask for the sensor; on iOS this must be called while a tap is handled. Resolves to whether it was allowed. */
  async allow() {
    const event = window.DeviceOrientationEvent;
    if (!event) return false;
    if (typeof event.requestPermission === "function") {
      try {
        if ((await event.requestPermission()) !== "granted") return false;
      } catch {
        return false;
      }
    }
    window.addEventListener("deviceorientation", (told) => this.take(told, performance.now()));
    return true;
  }

  /** Take one event of the sensor at `now` ms. Angles that are null (no sensor) are passed over. */
  take(told, now) {
    if (![told.alpha, told.beta, told.gamma].every(Number.isFinite)) return;
    const direction = lookingAt(told, { selfie: this.selfie });
    // Where the person begins is ahead: the compass of a phone indoors is seldom right, and nobody needs north.
    this.start ??= direction.yaw_deg;
    direction.yaw_deg = (direction.yaw_deg - this.start + 360) % 360;
    if (this.direction !== null && now > this.at) {
      const speed = apart(direction, this.direction) / ((now - this.at) / 1000);
      this.speed += (1 - Math.exp(-(now - this.at) / SPEED_MS)) * (speed - this.speed);
    }
    this.direction = direction;
    this.at = now;
  }

  /** Return where the camera looks now, or null where the sensor says nothing. */
  now() {
    return performance.now() - this.at < HOLDS_MS ? this.direction : null;
  }
}
