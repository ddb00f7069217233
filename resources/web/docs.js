// The OpenAPI description as a page, drawn here: the usual viewers load their scripts from elsewhere.

import { element } from "/answer.js";

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  if (schema.type === "object" && schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`;
  return schema.format === "binary" ? "file" : schema.type || "";
}

function table(head, rows) {
  const made = element("table");
  const top = element("tr");
  top.append(...head.map((text) => element("th", text)));
  made.append(top);
  for (const cells of rows) {
    const line = element("tr");
    line.append(...cells.map((cell, i) => (i === 0 ? wrapped("td", element("code", cell)) : element("td", cell))));
    made.append(line);
  }
  return made;
}

function wrapped(tag, inner) {
  const made = element(tag);
  made.append(inner);
  return made;
}

function example(path, method, form) {
  const address = `${location.origin}${path}`;
  if (method === "get") return `curl ${address}`;
  const field = Object.keys(form.properties)[0];
  const files = field === "files" ? `-F ${field}=@one.png -F ${field}=@two.png` : `-F ${field}=@image.png`;
  return `curl ${files} ${address}`;
}

function operation(path, method, about) {
  const box = element("section");
  const title = element("h2");
  title.append(element("span", method.toUpperCase(), "method"), ` ${path}`);
  box.append(title, element("p", about.summary), element("p", about.description || ""));
  const body = about.requestBody && about.requestBody.content["multipart/form-data"].schema;
  box.append(element("pre", example(path, method, body)));
  const takes = [
    ...Object.entries(body ? body.properties : {}).map(([name, schema]) => [name, typeOf(schema), "in the form"]),
    ...(about.parameters || []).map((one) => [one.name, typeOf(one.schema), one.description || one.schema.description || ""]),
  ];
  if (takes.length) box.append(element("h3", "Takes"), table(["Name", "Type", "Meaning"], takes));
  const answers = Object.entries(about.responses).map(([status, said]) => {
    const content = said.content && said.content["application/json"];
    return [status, typeOf(content && content.schema), said.description];
  });
  box.append(element("h3", "Answers"), table(["Status", "JSON", "Meaning"], answers));
  return box;
}

function shape(name, schema) {
  const box = element("section");
  box.id = name;
  const rows = Object.entries(schema.properties || {}).map(([field, one]) => [field, typeOf(one), one.description || ""]);
  box.append(element("h2", name), element("p", schema.description || ""), table(["Field", "Type", "Meaning"], rows));
  return box;
}

const said = await (await fetch("/openapi.json")).json();
const page = document.getElementById("docs");
page.append(element("p", `${said.info.title} ${said.info.version}. ${said.info.summary}`));
for (const [path, methods] of Object.entries(said.paths)) {
  for (const [method, about] of Object.entries(methods)) page.append(operation(path, method, about));
}
page.append(element("h1", "Shapes"));
for (const [name, schema] of Object.entries(said.components.schemas)) page.append(shape(name, schema));
document.body.dataset.ready = "yes";
