// Where the camera has looked: a panorama of the room that fills as the phone turns.

/** Size of one cell of the panorama, degrees: about a third of what a phone's camera takes in. */
const CELL_DEG = 15;

/** Lowest and highest row, degrees: straight down is the floor one stands on, straight up the lamp. */
const PITCH_DEG = [-60, 75];

/** View of a phone's main camera along its long and short side at 16:9, degrees: 26 mm equivalent, less a margin of a
 *  tenth at each edge, where lenses glint least. */
const VIEW_DEG = [56, 34];

/** Answered frames after which a cell counts as looked at: half a second at ten answers a second, not a glimpse. */
const ENOUGH = 5;

/** Faster than this the picture smears over more than a small glint, degrees a second: at 1/30 s and 1280 px over
 *  60 degrees this is 18 px. */
export const TOO_FAST_DEG_S = 25;

/** Names of the directions and heights, as the words have them. */
const SIDES = ["ahead", "right", "behind", "left"];
const HEIGHTS = ["low", "level", "up"];

export class Coverage {
  constructor() {
    this.columns = 360 / CELL_DEG;
    this.rows = (PITCH_DEG[1] - PITCH_DEG[0]) / CELL_DEG;
    this.count = new Uint16Array(this.columns * this.rows);
  }

  /** Add one frame that was looked at: all cells whose middle is in its view. `tall`: the phone was held upright. */
  see({ yaw_deg, pitch_deg }, { tall = true } = {}) {
    const [across, along] = tall ? [VIEW_DEG[1], VIEW_DEG[0]] : VIEW_DEG;
    for (let row = 0; row < this.rows; row++) {
      const pitch = PITCH_DEG[0] + (row + 0.5) * CELL_DEG;
      if (Math.abs(pitch - pitch_deg) > along / 2) continue;
      // Near the ceiling the same picture takes in more of the circle.
      const half = across / 2 / Math.max(Math.cos((pitch * Math.PI) / 180), 0.3);
      for (let column = 0; column < this.columns; column++) {
        const yaw = (column + 0.5) * CELL_DEG;
        const off = Math.abs(((yaw - yaw_deg + 540) % 360) - 180);
        if (off <= half) this.count[row * this.columns + column]++;
      }
    }
  }

  /** Whether a cell was looked at long enough. */
  looked(column, row) {
    return this.count[row * this.columns + column] >= ENOUGH;
  }

  /** Return the share of directions looked at, by their solid angle, 0-1. */
  share() {
    let [seen, all] = [0, 0];
    for (let row = 0; row < this.rows; row++) {
      const weight = Math.cos(((PITCH_DEG[0] + (row + 0.5) * CELL_DEG) * Math.PI) / 180);
      for (let column = 0; column < this.columns; column++) {
        all += weight;
        if (this.looked(column, row)) seen += weight;
      }
    }
    return seen / all;
  }

  /** Return the names of the parts of the room of which less than half was looked at, as `side_height`. */
  gaps() {
    const tally = new Map();
    for (let row = 0; row < this.rows; row++) {
      const pitch = PITCH_DEG[0] + (row + 0.5) * CELL_DEG;
      const height = HEIGHTS[pitch < -20 ? 0 : pitch < 25 ? 1 : 2];
      for (let column = 0; column < this.columns; column++) {
        const side = SIDES[Math.floor((((column + 0.5) * CELL_DEG + 45) % 360) / 90)];
        const key = `${side}_${height}`;
        const [seen, all] = tally.get(key) ?? [0, 0];
        tally.set(key, [seen + this.looked(column, row), all + 1]);
      }
    }
    // At the height of the eyes first: that is where most things are.
    const order = ["level", "up", "low"].flatMap((height) => SIDES.map((side) => `${side}_${height}`));
    return order.filter((key) => tally.get(key)[0] < tally.get(key)[1] / 2);
  }
}

/** Draws a coverage: what was seen as pictures, what was not as hatching, and where the camera looks now. */
export class Panorama {
  constructor(canvas) {
    this.canvas = canvas;
    this.paint = document.createElement("canvas");
    this.paint.width = canvas.width;
    this.paint.height = canvas.height;
  }

  /** Put what the camera shows at its place. */
  add(video, direction) {
    const { videoWidth, videoHeight } = video;
    if (!videoWidth) return;
    const tall = videoHeight > videoWidth;
    const [across, along] = tall ? [VIEW_DEG[1], VIEW_DEG[0]] : VIEW_DEG;
    const { x, y, width, height } = this.#box(direction, across, along);
    const context = this.paint.getContext("2d");
    for (const turn of [-this.paint.width, 0, this.paint.width]) context.drawImage(video, x + turn, y, width, height);
  }

  draw(coverage, direction, { tall = true } = {}) {
    const { canvas } = this;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [line, back, mark] = ["--soft", "--noted-back", "--accent"].map(colour);
    context.drawImage(this.paint, 0, 0);
    const [width, height] = [canvas.width / coverage.columns, canvas.height / coverage.rows];
    for (let row = 0; row < coverage.rows; row++) {
      for (let column = 0; column < coverage.columns; column++) {
        if (coverage.looked(column, row)) continue;
        const [x, y] = [(this.#shift(column * CELL_DEG) / 360) * canvas.width, canvas.height - (row + 1) * height];
        context.fillStyle = back;
        context.fillRect(x, y, width, height);
        context.strokeStyle = line;
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(x + 0.25 * width, y + 0.75 * height);
        context.lineTo(x + 0.75 * width, y + 0.25 * height);
        context.stroke();
      }
    }
    if (!direction) return;
    const box = this.#box(direction, ...(tall ? [VIEW_DEG[1], VIEW_DEG[0]] : VIEW_DEG));
    context.strokeStyle = mark;
    context.lineWidth = 5;
    for (const turn of [-canvas.width, 0, canvas.width]) context.strokeRect(box.x + turn, box.y, box.width, box.height);
  }

  /** Yaw 0 stands in the middle of the picture. */
  #shift(yaw) {
    return (yaw + 180) % 360;
  }

  #box({ yaw_deg, pitch_deg }, across, along) {
    const [perX, perY] = [this.canvas.width / 360, this.canvas.height / (PITCH_DEG[1] - PITCH_DEG[0])];
    const [width, height] = [across * perX, along * perY];
    const [x, y] = [this.#shift(yaw_deg) * perX, (PITCH_DEG[1] - pitch_deg) * perY];
    return { x: x - width / 2, y: y - height / 2, width, height };
  }
}
