// The result at the end: verdict, what to do now, findings, what was not looked at.

import { levelName, pictureOf, put } from "./findings.js";
import { say } from "./words.js";

/** Colour of each verdict: that of the level it speaks of. */
const TONES = {
  camera_identified: "identified",
  suspects_found: "suspect",
  worth_a_look: "look",
  nothing_found: "noted",
  not_examined: "noted",
};

const SEEN = [
  "do_not_touch", "photograph", "keep_power", "go_elsewhere", "call_police", "do_not_confront", "keep_files",
];
const HEARD = ["find_first", ...SEEN.map((step) => (step === "call_police" ? "call_police_if" : step))];

function make(tag, { text, lang, className } = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (lang) put(element, text, lang);
  else if (text !== undefined) element.textContent = text;
  return element;
}

/** Return the steps to take after a result: none where nothing is identified or suspect. */
export function doNow(result) {
  const strong = result.findings.filter(({ level }) => level === "identified" || level === "suspect");
  if (!strong.length) return [];
  return strong.some(({ kind }) => kind === "lens_glint") ? SEEN : HEARD;
}

/**
 * Show a result.
 *
 * @param result  document of the form roomsweep.result/1
 * @param report  address of the full report, or nothing
 * @param crops   pictures of findings by id, as seen while sweeping
 */
export function showResult({ result, report, crops, lang = "en" }) {
  const verdict = result.verdict in TONES ? result.verdict : "not_examined";
  document.getElementById("result-title").textContent = say(`verdict.${verdict}.headline`);
  const parts = [];

  const meaning = make("section", { className: "panel verdict" });
  meaning.dataset.tone = TONES[verdict];
  meaning.append(
    make("h2", { text: say("result.means") }),
    make("p", { text: say(`verdict.${verdict}.means`) }),
    make("h2", { text: say("result.means_not") }),
    make("p", { text: say(`verdict.${verdict}.means_not`) }),
  );
  parts.push(meaning);

  const steps = doNow(result);
  if (steps.length) {
    const list = make("ol", { className: "steps" });
    for (const step of steps) {
      const item = make("li");
      item.append(make("strong", { text: say(`do.${step}.what`) }), make("span", { text: say(`do.${step}.how`) }));
      list.append(item);
    }
    const section = make("section", { className: "panel" });
    section.append(make("h2", { text: say("result.do_now") }), list);
    parts.push(section);
  }

  const found = result.findings.filter(({ level }) => level !== "noted");
  const section = make("section");
  section.append(make("h2", { text: say("result.findings") }));
  if (!found.length) section.append(make("p", { text: say("result.findings_none") }));
  for (const finding of found) section.append(article(finding, crops, lang));
  const noted = result.findings.length - found.length;
  if (noted) section.append(make("p", { text: say("result.noted", { count: noted }), className: "soft" }));
  parts.push(section);

  const missed = make("section", { className: "panel" });
  const list = make("ul");
  for (const source of result.sources ?? []) {
    if (source.state === "examined") continue;
    const item = make("li");
    item.append(make("span", { text: source.name, lang }), ` · ${say(`state.${source.state}`)}`);
    if (source.reason) item.append(" · ", make("span", { text: source.reason, lang }));
    list.append(item);
  }
  for (const limit of result.limits ?? []) list.append(make("li", { text: limit, lang }));
  missed.append(make("h2", { text: say("result.missed") }), make("p", { text: say("result.missed_intro") }), list);
  parts.push(missed);

  // Only an address of this computer, never one that a message could name elsewhere.
  if (report && new URL(report, location.href).origin === location.origin) {
    const link = make("a", { text: say("result.report"), className: "big" });
    link.href = report;
    parts.push(link);
  }
  parts.push(make("p", { text: say("result.saved"), className: "soft" }));
  document.getElementById("result").replaceChildren(...parts);
}

function article(finding, crops, lang) {
  const card = make("article", { className: "card" });
  card.dataset.level = finding.level;
  card.append(make("span", { text: levelName(finding.level), className: "badge" }));
  card.append(make("h3", { text: finding.title, lang }));
  const crop = pictureOf({ crop: crops.get(finding.id) });
  if (crop) {
    const picture = make("img");
    picture.src = crop;
    picture.alt = say("card.crop");
    card.append(picture);
  }
  card.append(make("p", { text: say(`level.${finding.level}.meaning`), className: "meaning" }));
  const zone = finding.where?.zone;
  if (zone) card.append(make("p", { text: say("card.zone", { zone: zoneName(zone) }), className: "soft" }));
  if (finding.evidence?.length) {
    card.append(make("h4", { text: say("card.why") }));
    const why = make("ul");
    for (const { says } of finding.evidence) why.append(make("li", { text: says, lang }));
    card.append(why);
  }
  if (finding.advice) card.append(make("h4", { text: say("card.decide") }), make("p", { text: finding.advice, lang }));
  return card;
}

function zoneName(zone) {
  const name = say(`zone.${zone}`);
  return name === `zone.${zone}` ? zone : name;
}
