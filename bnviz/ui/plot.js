// Draws one plotly figure and keeps its node, zoom, legend choice and hover while data, theme and
// width change.
const BEAT = 500; // ms from one frame to the next
const plots = new WeakMap(); // figure element -> what is known of it
const APART = { width: 24, height: 24, path: "M3 3h2v16h16v2H3zM9 3h2v10h10v2H9z" };
const SCALE = { width: 24, height: 24, path: "M3 21h4v-2H3zM10 21h4v-6h-4zM17 21h4V3h-4z" };

const served = window.bnvizServed; // set in page.js

const libraries = (window.bnvizLibraries ??= {}); // path of a script -> promise of its Plotly

function library(path) {
  // one script tag for the whole page, whoever asks first
  return (libraries[path] ??= new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = served(path);
    tag.onload = () => (window.Plotly ? resolve(window.Plotly) : tag.onerror());
    tag.onerror = () => {
      tag.remove();
      delete libraries[path];
      reject(new Error("plotly.js could not be loaded"));
    };
    document.head.append(tag);
  }));
}

const toggle = (figure, name, value) => {
  plots.get(figure)[name] = value;
  draw(figure);
};

function switches(figure, meta) {
  // a button for each choice that the figure leaves to the reader
  return [
    {
      name: "apart",
      title: "Shared axes, or each its own",
      icon: APART,
      click: () => toggle(figure, "apart", !plots.get(figure).apart),
    },
    {
      name: "scale",
      title: "Linear or logarithmic height",
      icon: SCALE,
      click: () => toggle(figure, "scale", isLog(figure) ? "linear" : "log"),
    },
  ].filter(({ name }) => meta?.[name]);
}

function config(Plotly, figure, { filename, fonts }, is3d, chosen) {
  // kept as it is: Plotly.react mounts anew when it changes
  const box = figure.firstElementChild;
  const save = (format) => () => download(Plotly, box, filename, format, fonts);
  return {
    displaylogo: false,
    showSendToCloud: false,
    displayModeBar: true,
    displayNotifier: false,
    responsive: false,
    scrollZoom: false,
    modeBarButtons: [
      is3d
        ? ["zoom3d", "orbitRotation", "resetCameraDefault3d"]
        : ["zoomIn2d", "zoomOut2d", "resetScale2d"],
      ...(chosen.length ? [chosen] : []),
      [
        { name: "png", title: "Download as PNG", icon: Plotly.Icons.camera, click: save("png") },
        { name: "svg", title: "Download as SVG", icon: Plotly.Icons.disk, click: save("svg") },
      ],
    ],
  };
}

const heights = (layout) => Object.entries(layout).filter(([name]) => /^yaxis\d*$/.test(name));
const isLog = ({ firstElementChild: { _fullLayout: layout } }) =>
  heights(layout).some(([, { type }]) => type === "log");

function separate(layout, { apart }) {
  // the axes that panels share, each with its own range; earlier zooms were of the shared ones
  if (!apart) return {};
  return Object.fromEntries(
    Object.entries(layout.meta?.apart ?? {}).map(([name, own]) => [
      name,
      { ...own, uirevision: "apart" },
    ]),
  );
}

function scaled(layout, { scale }) {
  // the heights on the scale that the reader chose; earlier zooms of them are in other units
  if (!layout.meta?.scale || !scale) return {};
  const other = scale === "log" ? layout.meta.scale : { type: "linear", tickformat: null };
  return Object.fromEntries(
    heights(layout).map(([name, axis]) => [
      name,
      {
        ...axis,
        ...((axis.type === "log") === (scale === "log")
          ? {}
          : { ...other, range: null, autorange: true }),
        uirevision: `${axis.uirevision ?? ""} ${scale}`,
      },
    ]),
  );
}

function sized(layout, height) {
  // the figure at another height, with its legend as far above the axes as before
  if (!height || !layout.height) return height ? { height } : {};
  const around = (layout.margin?.t ?? 0) + (layout.margin?.b ?? 44),
    share = (layout.height - around) / (height - around),
    { y } = layout.legend ?? {};
  return { height, legend: y > 1 ? { ...layout.legend, y: 1 + (y - 1) * share } : layout.legend };
}

function narrowed(layout) {
  // no room for legend and buttons side by side, nor for words within the axes in large type
  const legend = { ...layout.legend, x: 0, y: 0, yref: "container", yanchor: "bottom" },
    { annotations = [], ...more } = merge(
      { legend, annotations: layout.annotations ?? [] },
      layout.meta?.narrow ?? {},
    ),
    small = (note) => ({ ...note, font: { ...note.font, size: Math.min(note.font?.size ?? 12, 12) } });
  return { ...more, annotations: annotations.map(small) };
}

async function draw(figure) {
  // at most one at a time, and always the latest
  const plot = plots.get(figure),
    box = figure.firstElementChild,
    note = figure.lastElementChild;
  if (plot.busy) {
    plot.again = true;
    return;
  }
  plot.busy = true;
  let spec;
  try {
    do {
      plot.again = false;
      spec = JSON.parse(plot.text);
      const { data, layout } = framed(figure, spec.figure, spec.step);
      Object.assign(layout, sized(layout, spec.height));
      box.style.height = `${layout.height ?? 360}px`;
      const Plotly = await library(spec.library);
      if (plot.Plotly !== Plotly) plot.Plotly?.purge(box);
      plot.Plotly = Plotly;
      if (!box.clientWidth) break; // hidden, in a closed tab say: the observer calls again
      const { is3d } = spec;
      // Squares that are constrained to their panels keep the size of earlier panels.
      const squares = Object.keys(layout)
        .filter((name) => layout[name]?.constrain)
        .join();
      const chosen = switches(figure, layout.meta),
        made = `${is3d} ${chosen.map(({ name }) => name)} ${spec.filename} ${squares}`;
      if (plot.made !== made) {
        plot.made = made;
        plot.config = config(Plotly, figure, spec, is3d, chosen);
        plot.camera = plot.turned = plot.linked = undefined; // mounted anew, without its listeners
      }
      const narrow = box.clientWidth < NARROW ? narrowed(layout) : {};
      // A finger scrolls the page.
      const dragmode = matchMedia("(pointer: coarse)").matches && !is3d ? { dragmode: false } : {};
      const scenes = Object.keys(layout)
        .filter((name) => plot.camera && name.startsWith("scene"))
        .map((name) => [name, { ...layout[name], camera: plot.camera }]);
      const arranged = [
        narrow,
        besideLabels(layout, box),
        Object.fromEntries(scenes),
        separate(layout, plot),
      ].reduce(merge, layout);
      await Plotly.react(
        box,
        data,
        {
          ...dragmode,
          ...themed(merge(arranged, scaled(arranged, plot)), JSON.parse(plot.theme)),
          width: box.clientWidth,
          height: box.clientHeight,
          uirevision: spec.revision,
        },
        plot.config,
      );
      box.querySelectorAll(".main-svg").forEach((svg, i) => {
        if (i) svg.setAttribute("aria-hidden", "true");
        else {
          svg.setAttribute("role", "img");
          svg.setAttribute("aria-label", spec.alt);
        }
      });
      box.querySelector(".modebar")?.setAttribute("aria-label", "Plot tools");
      if (isOverSteps(box) && !plot.linked) {
        plot.linked = true;
        follow(box);
        mark(box);
        label(box);
      }
      if (is3d && !plot.turned) {
        plot.turned = true;
        for (const event of ["plotly_relayout", "plotly_relayouting"])
          box.on(event, (change) => turn(plot, Plotly, box, change));
      }
      note.hidden = true;
    } while (plot.again);
  } catch (error) {
    const again = "Reload the page to try again.";
    note.textContent = `This plot cannot be drawn: ${error.message}. ${again} ${spec?.alt ?? ""}`;
    note.hidden = false;
  }
  plot.busy = false;
}

function turn(plot, Plotly, box, change) {
  // who turns one scene turns all: surfaces are compared from the same side
  const [, camera] = Object.entries(change).find(([name]) => /^scene\d*\.camera$/.test(name)) ?? [];
  plot.camera = camera ?? plot.camera;
  const others = Object.keys(box.layout).filter(
    (name) =>
      camera &&
      /^scene\d*$/.test(name) &&
      JSON.stringify(box.layout[name].camera) !== JSON.stringify(camera),
  );
  if (others.length)
    Plotly.relayout(box, Object.fromEntries(others.map((name) => [`${name}.camera`, camera])));
}

const named = (step) => `Step ${Number(step).toLocaleString("en")}`;

function framed(figure, { data = [], layout = {}, frames = [] }, step) {
  // the figure as its frame makes it, and the player in step
  const plot = plots.get(figure),
    [button, slider, label] = figure.children[1].children;
  const names = frames.map((frame) => frame.name),
    asked = names.length && step !== null ? upTo(names, step) : layout.meta?.frame;
  const busy = plot.names?.join() !== names.join() && (plot.playing || plot.frame !== plot.asked);
  if (plot.asked !== asked && !busy) {
    // the page asks for another step; a new one disturbs nobody who looks at another
    stop(plot);
    plot.frame = asked;
  }
  plot.asked = asked;
  figure.children[1].hidden = names.length < 2 || !layout.meta?.player;
  if (!names.length) return { data, layout };
  if (!names.includes(plot.frame)) plot.frame = asked;
  plot.names = names;
  queueMicrotask(markAll); // the page may have more steps now
  const at = names.indexOf(plot.frame),
    frame = frames[names.includes(plot.preview) ? names.indexOf(plot.preview) : at];
  figure.children[2].firstElementChild.value = layout.meta?.player ? "" : named(frame.name);
  slider.max = names.length - 1;
  slider.value = at;
  slider.ariaValueText = label.value = named(plot.frame);
  button.textContent = plot.playing ? "Pause" : "Play";
  return {
    data:
      frame.data.length === data.length
        ? data.map((trace, i) => merge(trace, frame.data[i]))
        : frame.data,
    layout: merge(layout, frame.layout ?? {}),
  };
}

window.bnvizLayers ??= addEventListener("bnviz-layer", ({ detail }) => {
  // the panels of one layer stay as they are, and those of others fade
  for (const { firstElementChild: box } of figures()) {
    const panels = box.layout?.meta?.layers?.[detail];
    box.querySelectorAll(".cartesianlayer > .subplot").forEach((panel) => {
      const fades = panels && !panels.some((name) => panel.classList.contains(name));
      panel.style.opacity = fades ? 0.2 : "";
    });
  }
}) ?? true;

function stop(plot) {
  clearTimeout(plot.playing);
  plot.playing = undefined;
}

const keep = (figure) => choose(Number(plots.get(figure).frame));

function play(figure) {
  // each frame some time after the one before was drawn, to the end
  const plot = plots.get(figure);
  const next = async () => {
    const at = plot.names.indexOf(plot.frame) + 1;
    if (at >= plot.names.length - 1) stop(plot);
    const mine = plot.playing;
    await showStep(Number(plot.names[Math.min(at, plot.names.length - 1)]));
    if (!plot.playing) keep(figure);
    if (mine && plot.playing === mine) plot.playing = setTimeout(next, BEAT);
  };
  plot.playing = setTimeout(next, BEAT);
  const ended = plot.names.indexOf(plot.frame) === plot.names.length - 1;
  showStep(Number(ended ? plot.names[0] : plot.frame));
}

function handle(figure) {
  // the player: both parts work by keyboard, as they come
  const plot = plots.get(figure),
    [button, slider] = figure.children[1].children;
  button.onclick = () => {
    if (!plot.playing) return play(figure);
    stop(plot);
    keep(figure);
    return showStep(Number(plot.frame));
  };
  slider.oninput = () => {
    stop(plot);
    showStep(Number(plot.names[slider.value]));
  };
  slider.onchange = () => keep(figure);
}

function look(figure) {
  // what the reader sees of it: zoom, camera, what the legend hides, the step of the player
  const { _fullLayout: layout = {}, _fullData: data = [] } = figure.firstElementChild,
    seen = {};
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(name) && layout[name].range)
      seen[`${name}.range`] = [...layout[name].range];
    if (/^scene\d*$/.test(name) && layout[name].camera)
      seen[`${name}.camera`] = layout[name].camera;
  }
  const hidden = data
    .filter((trace) => trace.visible === "legendonly")
    .map((trace) => trace.legendgroup);
  const { frame, scale, apart } = plots.get(figure);
  return {
    ...(apart && layout.meta?.apart ? { apart } : {}),
    ...(scale ? { scale } : {}),
    ...seen,
    ...(hidden.length ? { hidden: [...new Set(hidden)] } : {}),
    ...(frame ? { frame } : {}),
  };
}

export default function ({ parentElement, data, setTriggerValue }) {
  // called on mount, for new data and for a new theme
  const figure = parentElement.querySelector(".bnviz-plot");
  const text = new TextDecoder().decode(data),
    theme = JSON.stringify(pageTheme(figure));
  const plot = plots.get(figure) ?? {};
  if (plot.text !== text || plot.theme !== theme) {
    const first = !plots.has(figure);
    plots.set(figure, Object.assign(plot, { text, theme }));
    const take = figure.children[2].lastElementChild,
      head = JSON.parse(text);
    figure.children[2].hidden = !head.exports;
    take.ariaLabel = `Export ${head.title}`;
    take.onclick = () => setTriggerValue("export", look(figure));
    if (first) {
      handle(figure);
      plot.observer = new ResizeObserver(() => {
        if (figure.clientWidth !== plot.width) {
          plot.width = figure.clientWidth;
          draw(figure);
        }
      });
      plot.observer.observe(figure);
    } else draw(figure);
  }
  return () =>
    setTimeout(() => {
      // Streamlit may also call this for an outdated update: only a node that is gone is put away
      if (figure.isConnected) return;
      plot.observer.disconnect();
      stop(plot);
      plot.Plotly?.purge(figure.firstElementChild);
    });
}
