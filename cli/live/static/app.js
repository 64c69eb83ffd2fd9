// The page: which view is shown, and who hears of what.

import { Blink, meter } from "./blink.js";
import { Camera } from "./camera.js";
import { Coverage, Panorama, TOO_FAST_DEG_S } from "./coverage.js";
import { Cues } from "./cues.js";
import { Findings, levelName } from "./findings.js";
import { Frames } from "./frames.js";
import { Guide } from "./guide.js";
import { Link } from "./link.js";
import { Orientation } from "./orientation.js";
import { showResult } from "./result.js";
import { Rings } from "./rings.js";
import { LANGUAGES, knows, language, number, preferred, remember, remembered, say, speak } from "./words.js";

const ZONES = ["none", "door", "bed", "desk", "bathroom", "wardrobe", "window", "ceiling", "sofa"];

/** An answer older than this no longer tells what the camera shows now, ms. */
const STALE_MS = 1000;

/** A hint stays so long at least, ms: long enough to be read. */
const HINT_MS = 1500;

/** What the person has to know once, such as that the torch is up to them, stays so long, ms. */
const ONCE_MS = 6000;

/** A screen reader is told at most one finding in so long, ms, by the state line. */
const TOLD_MS = 4000;

const byId = (id) => document.getElementById(id);
const video = byId("video");

const camera = new Camera(video);
const brightness = meter(video);
const blink = new Blink((on) => camera.torch(on));
const orientation = new Orientation();
const coverage = new Coverage();
const panorama = new Panorama(byId("coverage"));
const cues = new Cues();
const findings = new Findings({ onNew: tellNew });
const rings = new Rings({
  box: byId("rings"),
  name: (finding) => say("ring.name", { level: levelName(finding.level), title: finding.title ?? "" }),
  onOpen: (id) => findings.show(id, { focus: true }),
});
const link = new Link({ token: token() });
const frames = new Frames({ video, link, describe });
const guide = new Guide({ onCamera: guideCamera, onStep: guideStep, onEnd: askEnd, onLeave: () => show("start") });

const now = {
  view: "start",
  mode: "torch",
  zone: null,
  server: null,
  told: null,
  toldAt: -Infinity,
  note: null,
  shownAt: null,
  hints: new Map(),
  sensor: false,
  result: null,
  changing: false,
};

/** The token of the link; kept for this tab so that a reload without it still works. */
function token() {
  const given = new URLSearchParams(location.search).get("t");
  try {
    if (given) sessionStorage.setItem("roomsweep.token", given);
    return given ?? sessionStorage.getItem("roomsweep.token") ?? "";
  } catch {
    return given ?? "";
  }
}

// Views ---------------------------------------------------------------------------------------------------------------

function show(view) {
  now.view = view;
  for (const name of ["start", "prepare", "live", "result"]) byId(`view-${name}`).hidden = name !== view;
  document.body.dataset.view = view;
  scrollTo(0, 0);
  byId(`${view}-title`).focus({ preventScroll: true });
  writeState();
}

/** Open camera and sensor, and begin. Must be called while a tap is handled. */
async function begin(mode = "torch") {
  if (now.changing) return false;
  now.changing = true;
  cues.wake();
  byId("start-error").hidden = true;
  const sensor = now.sensor ? Promise.resolve(true) : orientation.allow();
  try {
    await camera.open(mode === "dark" ? "user" : "environment");
  } catch (error) {
    show("start");
    fail(error);
    return false;
  } finally {
    now.changing = false;
  }
  show("live");
  fit();
  sensor.then((allowed) => (now.sensor = allowed));
  if (link.way === "opening" && !link.socket) link.open();
  await setMode(mode);
  cues.stayOn();
  frames.start();
  return true;
}

function fail(error) {
  const kinds = { NotAllowedError: "denied", NotFoundError: "none", InsecureError: "insecure" };
  const place = byId("start-error");
  place.dataset.word = `error.${kinds[error.name] ?? "taken"}`;
  place.textContent = say(place.dataset.word);
  place.hidden = false;
}

function pause() {
  frames.stop();
  blink.stop();
  camera.stop();
  rings.clear();
  cues.letSleep();
}

// Mode, torch, zone, photo --------------------------------------------------------------------------------------------

async function setMode(mode) {
  now.mode = mode;
  blink.stop();
  rings.clear();
  document.documentElement.dataset.mode = mode;
  const facing = mode === "dark" ? "user" : "environment";
  if (camera.facing !== facing) {
    try {
      await camera.open(facing);
    } catch (error) {
      pause();
      show("start");
      fail(error);
      return;
    }
  }
  if (now.mode !== mode) return;
  camera.track.onended = () => {
    pause();
    show("start");
    fail({ name: "NotReadableError" });
  };
  rings.mirrored = facing === "user";
  orientation.selfie = facing === "user";
  byId("picture").classList.toggle("mirrored", rings.mirrored);
  if (mode === "blink" && camera.torchable) blink.start(performance.now());
  else await camera.torch(mode !== "dark");
  if (mode !== "dark" && !camera.torchable) now.hints.set("torch_by_hand", performance.now() + ONCE_MS);
  else now.hints.delete("torch_by_hand");
  writeMode();
  fit();
}

function writeMode() {
  for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === now.mode;
  const torch = byId("torch");
  torch.disabled = !camera.torchable || now.mode !== "torch";
  torch.setAttribute("aria-pressed", String(camera.lit === "on"));
  const key = now.mode === "dark" ? "dark" : now.mode === "blink" && camera.torchable ? "blink" : camera.lit;
  byId("torch-state").textContent = now.view === "live" ? say(`torch.${key}`) : "";
}

/** Fields of a frame's header, or null while the torch is changing. */
function describe(at) {
  let torch = camera.lit;
  if (blink.running) {
    torch = blink.see(brightness(), performance.now());
    if (torch === null) return null;
  }
  const direction = orientation.now();
  const round = (value) => Math.round(value * 10) / 10;
  return {
    t_ms: at,
    torch: now.mode === "dark" ? "off" : torch,
    mode: now.mode,
    yaw_deg: direction ? round(direction.yaw_deg) : null,
    pitch_deg: direction ? round(direction.pitch_deg) : null,
    zone: now.zone,
  };
}

function setZone(zone) {
  now.zone = zone === "none" ? null : zone;
  for (const radio of document.getElementsByName("zone")) {
    radio.checked = radio.value === zone;
    if (radio.checked) radio.parentElement.scrollIntoView({ block: "nearest", inline: "center" });
  }
  link
    .post("/zone", JSON.stringify({ zone: now.zone }), { "Content-Type": "application/json" })
    .catch(() => {}); // every frame names the zone as well
}

async function takeStill() {
  const button = byId("still");
  button.disabled = true;
  const blinking = blink.running;
  blink.stop();
  try {
    if (blinking) await camera.torch(true);
    const photo = await camera.still();
    const reply = await link.post("/still", photo, {
      "Content-Type": "image/jpeg",
      "X-Roomsweep-Zone": now.zone ?? "",
      "X-Roomsweep-Torch": camera.lit,
      "X-Roomsweep-Mode": now.mode,
    });
    if (Array.isArray(reply.findings)) findings.take(reply.findings, { zone: now.zone, lang: reply.lang ?? "en" });
    note("note.still");
    if (cues.vibration) navigator.vibrate?.(30);
  } catch {
    note("note.still_failed");
  } finally {
    button.disabled = false;
    if (blinking && now.mode === "blink" && camera.track) blink.start(performance.now());
  }
}

// What comes back -----------------------------------------------------------------------------------------------------

link.addEventListener("answer", ({ detail }) => {
  const header = frames.headerOf(detail.seq);
  const found = Array.isArray(detail.findings) ? detail.findings : [];
  if (!header || now.view !== "live" || header.mode !== now.mode) return;
  if (now.shownAt !== null && header.t_ms < now.shownAt) return;
  now.shownAt = header.t_ms;
  now.server = null;
  rings.show(found, header.t_ms);
  findings.take(found, { zone: header.zone, lang: detail.lang ?? "en" });
  const hints = Array.isArray(detail.hints) ? detail.hints.filter((hint) => knows(`hint.${hint}`)) : [];
  if (orientation.now() && orientation.speed > TOO_FAST_DEG_S) hints.push("too_fast");
  for (const hint of hints) now.hints.set(hint, performance.now() + HINT_MS);
  if (header.yaw_deg !== null && !hints.includes("too_fast") && !hints.includes("too_dark")) {
    coverage.see(header, { tall: header.height > header.width });
    panorama.add(video, header);
  }
  writeState();
});

link.addEventListener("state", ({ detail }) => {
  now.server = detail;
  if (detail.state === "ended" && now.view === "live") {
    if (detail.result) end(detail);
    else {
      pause();
      link.close();
    }
  }
  writeState();
});

link.addEventListener("radio", ({ detail }) => {
  const parts = ["wifi", "bluetooth"].flatMap((name) => {
    const heard = detail[name];
    if (!heard) return [];
    const count = heard.devices ?? heard.count;
    return Number.isFinite(count) ? [say(`radio.${name}`, { count: number(count) })] : [];
  });
  byId("radio").textContent = parts.join(" ");
  byId("radio").hidden = parts.length === 0;
});

link.addEventListener("way", writeState);

function tellNew(finding) {
  cues.give(finding.level);
  if (performance.now() - now.toldAt < TOLD_MS) return;
  now.toldAt = performance.now();
  now.told = finding;
  writeState();
  setTimeout(() => {
    if (now.told === finding) now.told = null;
    writeState();
  }, TOLD_MS);
}

function note(key) {
  now.note = key;
  writeState();
  setTimeout(() => {
    if (now.note === key) now.note = null;
    writeState();
  }, 3000);
}

/** Write the state line, the most pressing first. */
function writeState() {
  let text = "";
  if (link.way === "refused" || link.way === "replaced") text = say(`state.${link.way}`);
  else if (now.view === "result") text = say("state.ended");
  else if (now.view === "live") {
    if (now.server?.state === "ended") text = say("state.ended");
    else if (link.way === "lost") text = say("state.lost");
    else if (now.note) text = say(now.note);
    else if (now.told) text = say("state.found", { level: levelName(now.told.level), title: now.told.title ?? "" });
    else if (now.server && now.server.state !== "ready")
      text = knows(`state.${now.server.state}`) ? say(`state.${now.server.state}`) : (now.server.text ?? "");
    else if (now.shownAt === null) text = say("state.opening");
    else text = say(link.way === "post" ? "state.looking_slow" : "state.looking");
  }
  const line = byId("state");
  if (line.textContent !== text) line.textContent = text;
}

// Drawing -------------------------------------------------------------------------------------------------------------

/** Give the picture the largest place in the stage that shows all of it: what is sent is what is seen. */
function fit() {
  const [stage, picture] = [byId("stage"), byId("picture")];
  const { videoWidth, videoHeight } = video;
  if (!videoWidth || !stage.clientWidth) return;
  const scale = Math.min(stage.clientWidth / videoWidth, stage.clientHeight / videoHeight);
  picture.style.width = `${videoWidth * scale}px`;
  picture.style.height = `${videoHeight * scale}px`;
}

let slowAt = 0;
let darkOrLit = null;

function draw(at) {
  requestAnimationFrame(draw);
  if (now.view !== "live") return;
  const age = now.shownAt === null ? null : performance.now() - now.shownAt;
  rings.draw(performance.now(), { stale: age === null || age > STALE_MS });
  if (at - slowAt < 200) return;
  slowAt = at;
  writeAge(age);
  if (darkOrLit !== camera.lit) {
    darkOrLit = camera.lit;
    writeMode();
  }
  for (const [hint, until] of now.hints) if (until < performance.now()) now.hints.delete(hint);
  // The most pressing one: a list would not be read by somebody who moves.
  const order = ["not_saved", "too_fast", "not_dark", "too_dark", "too_far", "no_torch", "torch_by_hand"];
  const hint = order.find((name) => now.hints.has(name));
  const text = hint ? say(`hint.${hint}`) : "";
  if (byId("hints").textContent !== text) byId("hints").textContent = text;
  writeCoverage();
}

function writeAge(age) {
  const chip = byId("age");
  let text = say("age.none");
  if (age !== null && age < STALE_MS) text = say("age.ms", { ms: number(Math.round(age / 10) * 10) });
  else if (age !== null) text = say("age.s", { s: number(Math.round(age / 100) / 10) });
  chip.textContent = text;
  chip.dataset.ms = age === null ? "" : String(Math.round(age));
  chip.classList.toggle("old", age !== null && age >= STALE_MS);
}

function writeCoverage() {
  const direction = orientation.now();
  const known = direction !== null || coverage.share() > 0;
  byId("coverage").hidden = !known;
  let text = say("coverage.none");
  if (known) {
    const gaps = coverage.gaps();
    const names = gaps.slice(0, 3).map((gap) => say(`gap.${gap}`));
    const share = number(Math.round(100 * coverage.share()));
    text = say("coverage.share", { percent: share });
    if (gaps.length) {
      const list = new Intl.ListFormat(language(), { type: "conjunction", style: "narrow" });
      text += (text.endsWith("。") ? "" : " ") + say("coverage.gaps", { places: list.format(names) });
    }
    panorama.draw(coverage, direction, { tall: video.videoHeight > video.videoWidth });
  }
  if (byId("coverage-text").textContent !== text) byId("coverage-text").textContent = text;
}

// Guide and end -------------------------------------------------------------------------------------------------------

async function guideCamera(needed = true) {
  if (needed) return begin("dark");
  pause();
  show("prepare");
  return true;
}

async function guideStep(step) {
  const mode = step.mode === "blink" && !camera.torchable ? "torch" : step.mode;
  if (mode !== now.mode) await setMode(mode);
  if (step.zone) setZone(step.zone);
}

function askEnd() {
  byId("ending").returnValue = "";
  byId("ending").showModal();
}

async function end(done = null) {
  frames.stop();
  now.server = { state: "saving" };
  writeState();
  try {
    const { result, report, crops: sent } = done ?? (await link.post("/end", ""));
    pause();
    link.close();
    // The result numbers its findings anew; without its own pictures those seen on the way serve.
    const seen = [...findings.all].map(([id, finding]) => [id, finding.crop]);
    const crops = new Map(sent ? Object.entries(sent) : seen);
    now.result = { result, report, crops, lang: "en" };
    showResult(now.result);
    show("result");
  } catch {
    now.server = null;
    frames.start();
    note("note.end_failed");
  }
}

// Settings ------------------------------------------------------------------------------------------------------------

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  remember("roomsweep.theme", theme);
}

function rewrite() {
  writeState();
  writeMode();
  guide.write();
  findings.card();
  findings.list();
  rings.rename();
  if (now.result) showResult(now.result);
  byId("language").value = language();
}

function zoneChips() {
  for (const zone of ZONES) {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "zone", value: zone });
    radio.checked = zone === "none";
    radio.addEventListener("change", () => setZone(zone));
    const text = document.createElement("span");
    text.dataset.word = `zone.${zone}`;
    label.append(radio, text);
    byId("zones").append(label);
  }
}

function wire() {
  zoneChips();
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const option = Object.assign(document.createElement("option"), { value: tag, textContent: name, lang: tag });
    byId("language").append(option);
  }
  const theme = remembered("roomsweep.theme") ?? "auto";
  byId("theme").value = ["light", "dark", "red"].includes(theme) ? theme : "auto";
  document.documentElement.dataset.theme = byId("theme").value;
  byId("vibration").checked = cues.vibration;
  byId("sound").checked = cues.sound;
  byId("start").addEventListener("click", () => begin());
  byId("guide-start").addEventListener("click", () => guide.go(0));
  byId("torch").addEventListener("click", async () => {
    await camera.torch(camera.lit !== "on");
    writeMode();
  });
  byId("still").addEventListener("click", takeStill);
  byId("end").addEventListener("click", askEnd);
  byId("ending").addEventListener("close", () => byId("ending").returnValue === "end" && end());
  for (const radio of document.getElementsByName("mode")) radio.addEventListener("change", () => setMode(radio.value));
  byId("settings-open").addEventListener("click", () => byId("settings").showModal());
  byId("language").addEventListener("change", ({ target }) => speak(target.value, { keep: true }));
  byId("theme").addEventListener("change", ({ target }) => setTheme(target.value));
  for (const name of ["vibration", "sound"]) {
    byId(name).addEventListener("change", ({ target }) => cues.set(name, target.checked));
  }
  new ResizeObserver(fit).observe(byId("stage"));
  video.addEventListener("resize", fit);
  addEventListener("pagehide", () => camera.stop());
  document.addEventListener("words", rewrite);
}

wire();
await speak(preferred());
document.body.dataset.view = "start";
requestAnimationFrame(draw);
