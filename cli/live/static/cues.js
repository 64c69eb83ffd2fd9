// What tells without looking: vibration and sound, both optional; and a screen that stays on.

import { remember, remembered } from "./words.js";

/** Vibration by level, ms on, off, on: strong signs twice. */
const BUZZ = { identified: [120, 80, 120], suspect: [120, 80, 120], look: [60] };

/** Pitch by level, Hz: within the range that small loudspeakers play well. */
const TONE = { identified: [880, 880], suspect: [880, 880], look: [660] };

export class Cues {
  constructor() {
    this.vibration = remembered("roomsweep.vibration") !== "off";
    // A sound can be heard by others: only where the person asked for it.
    this.sound = remembered("roomsweep.sound") === "on";
    this.audio = null;
    this.lock = null;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.lock !== null) this.stayOn();
    });
  }

  set(name, on) {
    this[name] = on;
    remember(`roomsweep.${name}`, on ? "on" : "off");
    if (on) this.give("look");
  }

  /** Tell of a finding of `level`. */
  give(level) {
    if (this.vibration && BUZZ[level]) navigator.vibrate?.(BUZZ[level]);
    if (this.sound && TONE[level]) this.#play(TONE[level]);
  }

  /** Keep the screen on while the camera runs, where the browser can. */
  async stayOn() {
    try {
      this.lock = await navigator.wakeLock?.request("screen");
    } catch {
      this.lock = null;
    }
  }

  letSleep() {
    this.lock?.release().catch(() => {});
    this.lock = null;
  }

  /** Get the sound ready; browsers allow it only while a tap is handled. */
  wake() {
    if (!this.sound) return;
    this.audio ??= new AudioContext();
    this.audio.resume().catch(() => {});
  }

  #play(tones) {
    this.wake();
    tones.forEach((pitch, at) => {
      const begin = this.audio.currentTime + 0.18 * at;
      const [tone, volume] = [this.audio.createOscillator(), this.audio.createGain()];
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.15, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.15);
      tone.connect(volume).connect(this.audio.destination);
      tone.start(begin);
      tone.stop(begin + 0.16);
    });
  }
}
