// The picture, the maps over it, and the keys that change how they are seen.

const byId = (id) => document.getElementById(id);

let shown = null;
let wantedClass = "";
const unshowable = new Set(); // addresses of files that this browser cannot draw

export function forget(address) {
  unshowable.delete(address);
}

// The picture of one item: its maps where it was called, hatching where fields were refused.
export function showPicture(item, packs) {
  shown = item;
  const overlay = item.answer && item.answer.overlay;
  const picture = byId("picture");
  picture.alt = item.file.name;
  const source = overlay ? overlay.picture : item.url;
  byId("nopicture").hidden = !unshowable.has(source);
  byId("stage").hidden = unshowable.has(source);
  if (picture.getAttribute("src") !== source) picture.src = source;
  const refused = overlay && overlay.refused;
  byId("refused").hidden = !refused;
  if (refused) byId("refused").src = refused;
  const maps = overlay && item.answer.status !== "refused" ? overlay.maps : null;
  byId("controls").hidden = !maps;
  byId("map").hidden = true;
  if (maps) showClasses(maps, packs);
}

function showClasses(maps, packs) {
  const pack = packs.find((one) => one.id === shown.answer.model);
  const labels = new Map((pack ? pack.classes : []).map((one) => [one.id, one.label]));
  const select = byId("class");
  select.replaceChildren(...Object.keys(maps).map((id) => new Option(labels.get(id) || id, id)));
  select.value = wantedClass in maps ? wantedClass : shown.answer.prediction;
  showMap();
}

function showMap() {
  const maps = shown && shown.answer && shown.answer.overlay && shown.answer.overlay.maps;
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
