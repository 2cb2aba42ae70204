// Pictures are measured and drawn in the typeface of the page, and take it along.
{
  const faces = () => Promise.all([...document.fonts].map((face) => face.load()));
  for (const verb of ["newPlot", "toImage"]) { // both measure text
    const draw = Plotly[verb];
    Plotly[verb] = async (...all) => (await faces(), draw(...all));
  }
  const serialize = XMLSerializer.prototype.serializeToString;
  XMLSerializer.prototype.serializeToString = function (node) { // plotly makes every picture of an SVG
    const bold = serialize.call(this, node).includes("bold");
    const rules = [...document.getElementById("typeface").sheet.cssRules].filter((rule) => bold || rule.style.fontWeight !== "700");
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = rules.map((rule) => rule.cssText).join("\n");
    node.prepend(style);
    return serialize.call(this, node);
  };
}
