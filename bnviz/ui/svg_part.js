// An element of an SVG drawing.
function svgPart(kind, attributes, text = "") {
  const part = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
  part.textContent = text;
  return part;
}
