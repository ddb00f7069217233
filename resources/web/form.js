// The form: files in, one question each, answers shown.

import { element, shortly, tell } from "/answer.js";

const AT_ONCE = 2;
const MOST_FILES = 500;
const MOST_TRIES = 8;
const byId = (id) => document.getElementById(id);

const items = [];
let packs = [];
let maxBytes = Infinity;
let chosen = null;
let running = 0;
let wantedClass = "";
const unshowable = new Set(); // addresses of files that this browser cannot draw

// --- questions ---------------------------------------------------------------------------------------

function packKey() {
  return byId("pack").value;
}

function add(files) {
  for (const file of [...files].slice(0, MOST_FILES - items.length)) {
    const item = { file, url: URL.createObjectURL(file) };
    items.push(item);
    ask(item);
    if (!chosen) chosen = item;
  }
  showAll();
  next();
}

function ask(item) {
  if (item.request) item.request.abort();
  clearTimeout(item.later);
  Object.assign(item, { state: "waiting", answer: null, failure: null, request: null, tries: 0, pack: packKey() });
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
  request.open("POST", `/predict?overlay=true&pack=${encodeURIComponent(item.pack)}`);
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
  unshowable.delete(item.url);
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
  showPicture();
}

function askAnother(pack) {
  byId("pack").value = `${pack.id}@${pack.version}`;
  ask(chosen);
  showAll();
  next();
}

function showPicture() {
  const overlay = chosen.answer && chosen.answer.overlay;
  const picture = byId("picture");
  const source = overlay ? overlay.picture : chosen.url;
  byId("nopicture").hidden = !unshowable.has(source);
  byId("stage").hidden = unshowable.has(source);
  if (picture.getAttribute("src") !== source) picture.src = source;
  const refused = overlay && overlay.refused;
  byId("refused").hidden = !refused;
  if (refused) byId("refused").src = refused;
  const maps = overlay && chosen.answer.status !== "refused" ? overlay.maps : null;
  byId("controls").hidden = !maps;
  byId("map").hidden = true;
  if (maps) showClasses(maps);
}

function showClasses(maps) {
  const pack = packs.find((one) => one.id === chosen.answer.model);
  const labels = new Map((pack ? pack.classes : []).map((one) => [one.id, one.label]));
  const select = byId("class");
  select.replaceChildren(...Object.keys(maps).map((id) => new Option(labels.get(id) || id, id)));
  select.value = wantedClass in maps ? wantedClass : chosen.answer.prediction;
  showMap();
}

function showMap() {
  const maps = chosen && chosen.answer && chosen.answer.overlay && chosen.answer.overlay.maps;
  const map = byId("map");
  const opacity = byId("opacity").value;
  byId("percent").textContent = `${opacity}\u00a0%`;
  map.hidden = !maps || !byId("shown").checked;
  if (map.hidden) return;
  const source = maps[byId("class").value];
  if (map.getAttribute("src") !== source) map.src = source;
  map.style.opacity = opacity / 100;
}

byId("picture").addEventListener("load", () => {
  const { naturalWidth: width, naturalHeight: height } = byId("picture");
  const stage = byId("stage").style;
  stage.aspectRatio = `${width} / ${height}`;
  stage.width = `min(100cqw, 100cqh * ${width / height})`;
});
byId("picture").addEventListener("error", () => {
  unshowable.add(byId("picture").getAttribute("src"));
  byId("stage").hidden = true;
  byId("nopicture").hidden = false;
});
byId("class").addEventListener("change", () => {
  wantedClass = byId("class").value;
  showMap();
});
byId("opacity").addEventListener("input", showMap);
byId("shown").addEventListener("change", showMap);

// --- ways in and out ---------------------------------------------------------------------------------

byId("choose").addEventListener("click", () => byId("input").click());
byId("input").addEventListener("change", () => {
  add(byId("input").files);
  byId("input").value = "";
});
byId("clear").addEventListener("click", () => {
  for (const item of [...items]) remove(item);
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
  items.forEach(ask);
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
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, button, a");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || byId("controls").hidden) return;
  const opacity = byId("opacity");
  const select = byId("class");
  if (event.key === " ") byId("shown").checked = !byId("shown").checked;
  else if (event.key === "[") opacity.value = Number(opacity.value) - 5;
  else if (event.key === "]") opacity.value = Number(opacity.value) + 5;
  else if (event.key.toLowerCase() === "c") {
    select.selectedIndex = (select.selectedIndex + 1) % select.length;
    wantedClass = select.value;
  } else return;
  event.preventDefault();
  showMap();
});

async function start() {
  const said = await (await fetch("/packs")).json();
  packs = said.packs;
  maxBytes = said.max_bytes;
  const kinds = { histology: "Histology", ct: "CT" };
  byId("pack").replaceChildren(
    ...packs.map((pack) => new Option(`${kinds[pack.modality] || pack.modality}: ${pack.title}`, `${pack.id}@${pack.version}`)),
  );
  const dicom = packs.some((pack) => pack.modality === "ct") ? ", DICOM" : "";
  byId("takes").textContent =
    `JPEG, PNG, TIFF${dicom}; up to ${Math.round(maxBytes / 1048576)} MB each. Nothing is kept on the server.`;
  document.body.dataset.ready = "yes";
}

start();
