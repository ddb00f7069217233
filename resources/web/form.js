// The form: files in, one question each, answers shown.

import { element, headline, shortly, statusWord, tell } from "/answer.js";
import { forget, showPicture } from "/viewer.js";

const AT_ONCE = 2;
const MOST_FILES = 500;
const MOST_TRIES = 8;
const byId = (id) => document.getElementById(id);

const items = [];
let packs = [];
let maxBytes = Infinity;
let chosen = null;
let running = 0;

// --- questions ---------------------------------------------------------------------------------------

function packKey() {
  return byId("pack").value;
}

function add(files) {
  const taken = [...files].slice(0, MOST_FILES - items.length);
  byId("note").textContent = taken.length < files.length ? `The list holds ${MOST_FILES} images; the others were not taken.` : "";
  for (const file of taken) {
    const item = { file, url: URL.createObjectURL(file) };
    items.push(item);
    ask(item);
    if (!chosen) chosen = item;
  }
  showAll();
  next();
}

function ask(item, pack = packKey()) {
  if (item.request) item.request.abort();
  clearTimeout(item.later);
  Object.assign(item, { state: "waiting", answer: null, failure: null, request: null, tries: 0, pack });
  if (item.file.size > maxBytes) {
    const limit = `The file is larger than ${Math.round(maxBytes / 1048576)} MB.`;
    fail(item, { error: limit, hint: "Send a smaller region, or open the file in the window." });
  }
}

function fail(item, failure) {
  item.state = "done";
  item.failure = failure;
}

function next() {
  for (const item of items) {
    if (running >= AT_ONCE) return;
    if (item.state === "waiting") send(item);
  }
}

function send(item) {
  const form = new FormData();
  form.append("file", item.file);
  const request = new XMLHttpRequest();
  item.request = request;
  item.state = "sending";
  item.progress = 0;
  running += 1;
  request.upload.addEventListener("progress", (event) => {
    item.progress = event.lengthComputable ? event.loaded / event.total : 0;
    if (item.progress === 1) item.state = "judging";
    showList();
  });
  request.addEventListener("loadend", () => {
    running -= 1;
    if (item.request === request) settle(item, request);
    next();
  });
  request.open("POST", `/predict?overlay=true${item.pack && `&pack=${encodeURIComponent(item.pack)}`}`);
  request.send(form);
  showList();
}

function settle(item, request) {
  item.request = null;
  let said = null;
  try {
    said = JSON.parse(request.responseText);
  } catch {
    said = { error: "The server cannot be reached.", hint: "Check that it is running, then try again." };
  }
  item.tries += 1;
  if (request.status === 503 && item.tries < MOST_TRIES) {
    item.state = "later";
    const wait = Number(request.getResponseHeader("Retry-After")) || 2;
    item.later = setTimeout(() => {
      item.state = "waiting";
      next();
      showList();
    }, wait * 1000);
  } else if (request.status === 200) {
    item.state = "done";
    item.answer = said;
  } else {
    fail(item, said);
  }
  showList();
  if (item === chosen) showChosen();
}

function remove(item) {
  const at = items.indexOf(item);
  if (at < 0) return;
  if (item.request) item.request.abort();
  clearTimeout(item.later);
  item.state = "removed";
  URL.revokeObjectURL(item.url);
  forget(item.url);
  items.splice(at, 1);
  if (chosen === item) chosen = items[Math.min(at, items.length - 1)] || null;
  showAll();
}

// --- the list ----------------------------------------------------------------------------------------

const STATES = { waiting: "Waits", sending: "Is sent", judging: "Is looked at", later: "Waits for the server" };

function showList() {
  const list = byId("list");
  list.replaceChildren(...items.map(row));
  const done = items.some((item) => item.state === "done");
  byId("save").disabled = !done;
  byId("clear").disabled = items.length === 0;
}

function row(item) {
  item.row ||= `row${Math.random().toString(36).slice(2)}`;
  const line = element("li");
  line.id = item.row;
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(item === chosen));
  if (item === chosen) byId("list").setAttribute("aria-activedescendant", line.id);
  const name = element("span", item.file.name, "name");
  name.title = item.file.name;
  line.append(name);
  if (item.state === "done") {
    const { word, kind } = shortly(item);
    line.append(element("span", word, `word ${kind}`));
  } else {
    line.append(element("span", STATES[item.state], "word"));
    const bar = element("progress");
    if (item.state === "sending") bar.value = item.progress;
    bar.setAttribute("aria-label", STATES[item.state]);
    line.append(bar);
  }
  line.addEventListener("click", () => choose(item));
  return line;
}

function choose(item) {
  chosen = item;
  showAll();
  const line = item && byId(item.row);
  if (line) line.scrollIntoView({ block: "nearest" });
}

byId("list").addEventListener("keydown", (event) => {
  const at = items.indexOf(chosen);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Delete" && chosen) {
    remove(chosen);
  } else if (to !== undefined && items[to]) {
    choose(items[to]);
  } else {
    return;
  }
  event.preventDefault();
});

// --- the answer --------------------------------------------------------------------------------------

function showAll() {
  showList();
  showChosen();
}

function showChosen() {
  byId("empty").hidden = chosen !== null;
  byId("viewer").hidden = chosen === null;
  const article = byId("answer");
  article.hidden = !chosen || chosen.state !== "done";
  if (!chosen) return;
  article.replaceChildren(...(article.hidden ? [] : tell(chosen, packs, askAnother)));
  const said = article.hidden ? "" : `${chosen.file.name}: ${headline(chosen)}. ${statusWord(chosen)}.`;
  if (byId("said").textContent !== said) byId("said").textContent = said;
  showPicture(chosen, packs);
}

function askAnother(pack) {
  ask(chosen, `${pack.id}@${pack.version}`);
  showAll();
  next();
}

// --- ways in and out ---------------------------------------------------------------------------------

byId("choose").addEventListener("click", () => byId("input").click());
byId("input").addEventListener("change", () => {
  add(byId("input").files);
  byId("input").value = "";
});
byId("clear").addEventListener("click", () => {
  for (const item of [...items]) remove(item);
  byId("choose").focus(); // this button cannot be pressed any more, and would take the focus with it
});
byId("save").addEventListener("click", () => {
  const rows = items.filter((item) => item.state === "done").map((item) => {
    const said = item.failure || { ...item.answer, overlay: undefined };
    return { name: item.file.name, ...said };
  });
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(rows, null, 1)], { type: "application/json" }));
  link.download = "lungviewer-answers.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
byId("pack").addEventListener("change", () => {
  items.forEach((item) => ask(item));
  showAll();
  next();
});

const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  if (carriesFiles(event)) byId("veil").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) byId("veil").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("veil").hidden = true;
  if (carriesFiles(event)) add(event.dataTransfer.files);
});
function optionOf(pack) {
  const kind = { histology: "Histology", ct: "CT" }[pack.modality] || pack.modality;
  const named = pack.title.toLowerCase().includes(kind.toLowerCase());
  return new Option(named ? pack.title : `${kind}: ${pack.title}`, `${pack.id}@${pack.version}`);
}

async function start() {
  let said = null;
  try {
    said = await (await fetch("/packs")).json();
  } catch {
    byId("empty").textContent = "The server cannot be reached. Check that it is running, then load this page again.";
    byId("choose").disabled = true;
    return;
  }
  packs = said.packs;
  maxBytes = said.max_bytes;
  const ct = packs.some((pack) => pack.modality === "ct");
  const both = ct && packs[0].modality !== "ct";
  byId("pack").replaceChildren(
    ...(both ? [new Option("Automatic (DICOM slices: CT)", "")] : []),
    ...packs.map(optionOf),
  );
  byId("takes").textContent =
    `JPEG, PNG, TIFF${ct ? ", DICOM" : ""}; up to ${Math.round(maxBytes / 1048576)} MB each. Nothing is kept on the server.`;
  document.body.dataset.ready = "yes";
}

start();
