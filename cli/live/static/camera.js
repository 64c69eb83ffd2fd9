// The phone's camera and its torch.

/** Asked of the camera for the moving picture: full HD. Frames are sent smaller; photos are taken larger. */
const ASKED = { width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 30 } };

/** Asked for a moment where the browser cannot take photos (iOS): 4K, the most that phones give as video. */
const ASKED_STILL = { width: { ideal: 3840 }, height: { ideal: 2160 } };

/** Longest wait for a larger picture, ms. */
const LARGER_MS = 900;

/** Quality of photos: as cameras' own fine setting, so that small glints keep their shape. */
const STILL_QUALITY = 0.95;

export class Camera {
  constructor(video) {
    this.video = video;
    this.track = null;
    this.facing = null;
    this.lit = "unknown";
  }

  /** Open the rear camera ("environment") or the selfie camera ("user"). Throws what getUserMedia throws. */
  async open(facing) {
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error("no camera"), { name: "InsecureError" });
    if (this.facing === facing && this.track?.readyState === "live") return;
    this.stop();
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: facing }, ...ASKED },
      audio: false,
    });
    this.track = stream.getVideoTracks()[0];
    this.facing = facing;
    this.lit = this.torchable ? "off" : "unknown";
    this.video.srcObject = stream;
    await this.video.play();
    await this.#focus();
  }

  /** Whether the browser lets the page switch the torch. */
  get torchable() {
    return Boolean(this.track?.getCapabilities?.().torch);
  }

  /** Switch the torch; true if the browser did. */
  async torch(on) {
    if (!this.torchable) return false;
    try {
      await this.track.applyConstraints({ advanced: [{ torch: on }] });
    } catch {
      this.lit = "unknown";
      return false;
    }
    this.lit = on ? "on" : "off";
    return true;
  }

  /** Take a photo as large as the browser gives one, as JPEG. */
  async still() {
    if ("ImageCapture" in window) {
      try {
        const capture = new ImageCapture(this.track);
        const { imageWidth, imageHeight } = await capture.getPhotoCapabilities();
        const known = imageWidth?.max && imageHeight?.max;
        const largest = known ? { imageWidth: imageWidth.max, imageHeight: imageHeight.max } : {};
        const photo = await capture.takePhoto(largest);
        // Some phones switch the torch off with a photo.
        if (this.lit === "on") await this.torch(true);
        if (photo.type === "image/jpeg") return photo;
      } catch {
        // Some phones offer it and fail: then the moving picture must do.
      }
    }
    const before = this.track.getSettings();
    await this.#larger(before);
    const photo = await this.#grab();
    const [width, height] = [{ ideal: before.width }, { ideal: before.height }];
    const advanced = this.lit === "on" ? [{ torch: true }] : [];
    await this.track.applyConstraints({ width, height, advanced }).catch(() => {});
    return photo;
  }

  /** Close the camera; the torch goes out with it. */
  stop() {
    this.track?.stop();
    this.track = null;
    this.facing = null;
    this.video.srcObject = null;
  }

  async #larger(before) {
    try {
      await this.track.applyConstraints({ ...ASKED_STILL, advanced: this.lit === "on" ? [{ torch: true }] : [] });
    } catch {
      return;
    }
    const end = performance.now() + LARGER_MS;
    const wanted = this.track.getSettings().width;
    while (wanted !== before.width && this.video.videoWidth !== wanted && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  #grab() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return new Promise((done, fail) =>
      canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no photo"))), "image/jpeg", STILL_QUALITY),
    );
  }

  async #focus() {
    const can = this.track.getCapabilities?.() ?? {};
    if (can.focusMode?.includes("continuous")) {
      await this.track.applyConstraints({ advanced: [{ focusMode: "continuous" }] }).catch(() => {});
    }
  }
}
