// The words of the page: one catalogue a language, whole sentences with named places. Nothing else holds words.

/** Every catalogue, by its BCP 47 tag, under its own name. */
export const LANGUAGES = {
  en: "English",
  "zh-Hans": "简体中文",
  "zh-Hant": "繁體中文",
  ko: "한국어",
  ja: "日本語",
};

const STORED = "roomsweep.language";
let catalogue = {};
let current = "en";

/** The tag of the catalogue in use. */
export const language = () => current;

/** Return the catalogue for a browser's list of languages; the first that is known, else English. */
export function choose(wanted) {
  for (const tag of wanted) {
    const parts = String(tag).toLowerCase().split("-");
    if (parts[0] === "zh") {
      // Script first, then region: Taiwan, Hong Kong and Macao write traditional characters (CLDR likely subtags).
      if (parts.includes("hant")) return "zh-Hant";
      if (parts.includes("hans")) return "zh-Hans";
      return parts.some((part) => ["tw", "hk", "mo"].includes(part)) ? "zh-Hant" : "zh-Hans";
    }
    if (parts[0] in LANGUAGES) return parts[0];
  }
  return "en";
}

/** Return the language the person chose before, else that of the browser. */
export function preferred() {
  const stored = remembered(STORED);
  return stored in LANGUAGES ? stored : choose(navigator.languages ?? [navigator.language]);
}

/** Fetch a catalogue, put it into the page and tell everybody who shows words. */
export async function speak(tag, { keep = false } = {}) {
  const answer = await fetch(`/static/words/${tag}.json`);
  if (!answer.ok) throw new Error(`no words for ${tag}`);
  catalogue = await answer.json();
  current = tag;
  document.documentElement.lang = tag;
  if (keep) remember(STORED, tag);
  fill(document);
  document.dispatchEvent(new Event("words"));
}

/** Return the sentence `key` with its named places filled. An unknown key shows as itself. */
export function say(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Tell whether the catalogue has a sentence for `key`. */
export const knows = (key) => key in catalogue;

/** Put the words into all elements below `root` that name theirs. */
export function fill(root) {
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

/** Return a number as the language writes it. */
export const number = (value) => new Intl.NumberFormat(current).format(value);

/** Return what was kept under `name`, or null: some browsers refuse to keep anything. */
export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keep `value` under `name` where the browser allows it. */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Private windows of some browsers: the choice then holds until the page is closed.
  }
}
