// Save a figure as SVG or PNG from the browser, with its typeface in it.
const dataUrl = (blob) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });

const typeface = (paths) =>
  (window.bnvizTypeface ??= Promise.all(
    Object.entries(paths).map(async ([weight, path]) => {
      const source = `url(${await dataUrl(await (await fetch(served(path))).blob())})`;
      // Plotly measures text with it.
      document.fonts.add(await new FontFace("Bnviz Sans", source, { weight }).load());
      return `@font-face { font-family: "Bnviz Sans"; font-weight: ${weight}; src: ${source} }`;
    }),
  ).then(
    (rules) => `<style>${rules.join("\n")}\ntext { text-rendering: geometricPrecision }</style>`,
    (error) => {
      window.bnvizTypeface = undefined; // the next click asks again, as `library` does
      throw error;
    },
  ));

async function png(svg, width, height) {
  // twice as many pixels
  const picture = Object.assign(new Image(), {
    src: await dataUrl(new Blob([svg], { type: "image/svg+xml" })),
  });
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: 2 * width,
    height: 2 * height,
  });
  canvas.getContext("2d").drawImage(picture, 0, 0, 2 * width, 2 * height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

async function download(Plotly, box, filename, format, fonts) {
  // what is on screen (its layout holds zoom and legend), light on white
  const { data, clientWidth: width, clientHeight: height } = box,
    style = await typeface(fonts);
  const layout = {
    ...themed(box.layout, PAPER),
    paper_bgcolor: PAPER.back,
    plot_bgcolor: PAPER.back,
  };
  const drawn = decodeURIComponent(
    (await Plotly.toImage({ data, layout }, { format: "svg", width, height })).replace(
      /^[^,]*,/,
      "",
    ),
  );
  const names = box.querySelector(":scope > .bnviz-labels")?.innerHTML ?? "", // ours, not plotly's
    ink = `fill="${PAPER.text}" font-family="${PAPER.font}" font-size="${LABEL.size}"`;
  const svg = drawn
    .replace(/<svg[^>]*>/, (tag) => tag + style)
    .replace(/<\/svg>\s*$/, () => `<g ${ink}>${names}</g></svg>`);
  const file =
    format === "png" ? await png(svg, width, height) : new Blob([svg], { type: "image/svg+xml" });
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(file),
    download: `${filename}.${format}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
