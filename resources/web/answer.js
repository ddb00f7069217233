// An answer in words: what the window says of an image, for a browser.

const WORDS = { ok: "OK", review: "Needs review", refused: "Refused", failed: "Cannot be read" };
const MARKS = { ok: "✓", review: "!", refused: "⊘", failed: "×" };
const KINDS = { ct: "CT", histology: "histology" };
const OTHER = { ct_slice: "ct", no_colour: "ct", not_ct: "histology", colour: "histology" };

export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// A probability as a person reads it; never "100 %", which no model may claim.
export function percent(share) {
  if (share > 0.999) return ">99.9\u00a0%";
  return `${(share * 100).toFixed(share >= 0.99 ? 1 : 0)}\u00a0%`;
}

const statusOf = (item) => (item.failure ? "failed" : item.answer.status);

export function statusWord(item) {
  return WORDS[statusOf(item)];
}

function markedStatus(item) {
  return `${MARKS[statusOf(item)]} ${statusWord(item)}`;
}

// What came out, in a few words.
export function headline(item) {
  if (item.failure) return "No answer";
  const { label, confidence } = item.answer;
  return label === null ? "No call" : `${label}, ${percent(confidence)}`;
}

// One line for the list.
export function shortly(item) {
  const { label, confidence } = item.answer || { label: null };
  const call = label === null ? "" : ` · ${label} ${percent(confidence)}`;
  return { word: markedStatus(item) + call, kind: statusOf(item) };
}

// The other kind of model that may suit an image, if one is served.
export function betterModel(answer, packs) {
  const wanted = answer.reasons.map((reason) => OTHER[reason.code]).find(Boolean);
  const asked = packs.find((pack) => pack.id === answer.model);
  return packs.find((pack) => pack.modality === wanted && (!asked || pack.modality !== asked.modality));
}

function bars(answer, pack) {
  const box = element("div", "", "bars");
  const classes = new Map(pack.classes.map((one) => [one.id, one]));
  const sorted = Object.entries(answer.all_predictions).sort((a, b) => b[1] - a[1]);
  for (const [id, share] of sorted) {
    const kind = id === answer.prediction ? "called" : "";
    const known = classes.get(id);
    box.append(element("span", known ? known.label : id, kind), element("span", percent(share), `value ${kind}`));
    const track = element("div", "", "track");
    track.setAttribute("aria-hidden", "true"); // the number beside it says the same
    const fill = element("div", "", "fill");
    fill.style.width = `${share * 100}%`;
    fill.style.background = known ? known.colour : "gray";
    track.append(fill);
    box.append(track);
  }
  return box;
}

function reasons(answer) {
  const list = element("ul", "", "reasons");
  for (const { sentence } of answer.reasons) list.append(element("li", sentence));
  return list;
}

function facts(answer, pack) {
  const list = element("dl");
  const add = (name, value) => value && list.append(element("dt", name), element("dd", value));
  add("Size", answer.width_px && `${answer.width_px} × ${answer.height_px} pixels`);
  const from = answer.um_per_px_source ? ` (${answer.um_per_px_source})` : "";
  const scale = answer.kind === "ct" ? [answer.um_per_px / 1000, "mm"] : [answer.um_per_px, "µm"];
  add("Scale", answer.um_per_px ? `${Number(scale[0].toPrecision(3))} ${scale[1]} per pixel${from}` : "not known");
  const read = answer.fields - (answer.fields_refused || 0);
  add("Fields", answer.fields > 1 && `${read} of ${answer.fields} read`);
  add("Strangeness", answer.trust_score !== null && answer.trust_score.toPrecision(3));
  add("Model", pack ? pack.title : answer.model);
  add("Version", `${answer.model} ${answer.model_version}`);
  add("SHA-256", `${answer.model_sha256.slice(0, 16)}…`);
  add("Ran on", `${answer.backend}, ${answer.device}`);
  return list;
}

// Everything about one item, and a button for another model where that may help.
export function tell(item, packs, askAnother) {
  const parts = [element("p", item.file.name, "file"), element("h2", headline(item))];
  parts.push(element("p", markedStatus(item), `status ${statusOf(item)}`));
  if (item.failure) {
    parts.push(element("p", item.failure.error), element("p", item.failure.hint));
    return parts;
  }
  const answer = item.answer;
  const pack = packs.find((one) => one.id === answer.model && one.version === answer.model_version);
  // Probabilities of a refused image are in the answer for programs; shown, they would look like a call.
  if (answer.status !== "refused" && pack) parts.push(bars(answer, pack));
  if (answer.reasons.length) parts.push(reasons(answer));
  const other = betterModel(answer, packs);
  if (other) {
    const button = element("button", `Use the ${KINDS[other.modality] || other.modality} model`);
    button.type = "button";
    button.addEventListener("click", () => askAnother(other));
    parts.push(button);
  }
  if (answer.how_often_right) parts.push(element("p", answer.how_often_right));
  if (pack && pack.elsewhere && answer.label !== null) parts.push(element("p", pack.elsewhere));
  parts.push(element("h3", "About this answer"), facts(answer, pack), element("p", answer.notice, "review"));
  return parts;
}
