// The drawing of the experiment: one part is lit up, and a layer under the pointer lights up its
// panels in the figures of the page (plot.js).
export default function ({ parentElement, data }) {
  const drawing = parentElement.querySelector(".bnviz-experiment"),
    say = (layer) => dispatchEvent(new CustomEvent("bnviz-layer", { detail: layer }));
  drawing.dataset.lit = data.lit;
  for (const box of drawing.querySelectorAll("[data-layer]")) {
    box.onpointerenter = () => say(box.dataset.layer);
    box.onpointerleave = () => say("");
  }
}
