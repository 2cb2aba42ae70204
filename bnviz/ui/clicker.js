// The keys of a presenter's clicker: on, back, black and full screen. The arrow keys are shortcuts
// of the buttons.
const PRESSES = { PageDown: "next", " ": "next", PageUp: "back" };
const CURTAIN = "bnviz-curtain";
const SETTLE = 100; // ms in which a field that loses the focus sends its number

function press(name) {
  const field = document.activeElement.closest("input"),
    click = () => document.querySelector(`.st-key-go-${name} button`)?.click();
  field?.blur();
  setTimeout(click, field ? SETTLE : 0);
}

function darken() {
  // black until the next key
  const curtain = document.createElement("div");
  curtain.id = CURTAIN;
  curtain.style.cssText = "position: fixed; inset: 0; z-index: 1000000; background: #000";
  curtain.onclick = () => curtain.remove();
  document.body.append(curtain);
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

export default function () {
  const heed = (event) => {
    const { key, target } = event;
    if (target.closest("textarea, [role=dialog]")) return;
    if (target.closest("input") && !key.startsWith("Page")) return;
    if (key === " " && target.closest("button, a, summary, [role=switch]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const curtain = document.getElementById(CURTAIN);
    if (curtain) curtain.remove();
    else if (key in PRESSES) press(PRESSES[key]);
    else if (key === "b" || key === "B" || key === ".") darken();
    else if (key === "f" || key === "F") fill();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("keydown", heed, true);
  document.body.dataset.clicker = "ready";
  return () => removeEventListener("keydown", heed, true);
}
