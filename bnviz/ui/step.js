// The step control of a page: a slider over the measured steps of its figures (see plot_steps.js).
export default function ({ parentElement }) {
  const slider = parentElement.querySelector("input"),
    label = parentElement.querySelector("output"),
    steps = () => window.bnvizSteps?.all() ?? [];
  const update = () => {
    const all = steps(),
      now = window.bnvizSteps?.now();
    parentElement.querySelector("label").hidden = all.length < 2;
    slider.max = all.length - 1;
    slider.value = all.findLastIndex((step) => step <= now);
    slider.ariaValueText = label.value = `${(now ?? 0).toLocaleString("en")}`;
  };
  slider.oninput = () => window.bnvizSteps.choose(steps()[slider.value]);
  addEventListener("bnviz-step", update);
  update();
  return () => removeEventListener("bnviz-step", update);
}
