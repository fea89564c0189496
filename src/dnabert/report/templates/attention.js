"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const [sequence, layer, head] = ["sequence", "layer", "head"].map((id) => document.getElementById(id));
  const view = document.getElementById("view");
  const readout = document.getElementById("readout");
  const CELL = 11, LEFT = 58, BAR = 64, LINE = 108;
  let scores = [], columns = 60, marked = -1, marker = null;

  // Float32 numbers, little-endian, as [layer][head][base] in one row.
  const decoded = data.sequences.map((entry) => {
    const bytes = Uint8Array.from(atob(entry.scores), (letter) => letter.charCodeAt(0));
    const numbers = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 4 }, (_, at) => numbers.getFloat32(4 * at, true));
  });

  function fill(select, names) {
    names.forEach((name, at) => select.add(new Option(name, at)));
    select.parentElement.hidden = names.length < 2 && select !== sequence;
  }

  // The heads that were asked for, summed, or one head; divided by the Euclidean length where that was asked for.
  function read() {
    const entry = data.sequences[sequence.value], all = decoded[sequence.value], length = entry.letters.length;
    const chosen = Number(head.value) === 0 ? data.summed : [Number(head.value) - 1];
    const found = new Float64Array(length);
    for (const one of chosen) {
      const start = (Number(layer.value) * data.heads + one) * length;
      for (let at = 0; at < length; at++) found[at] += all[start + at];
    }
    const norm = data.normalise ? Math.hypot(...found) || 1 : 1;
    return Array.from(found, (value) => value / norm);
  }

  function make(name, attributes, parent, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  }

  const shown = (at) => (data.anchor === null ? String(at) : (at > data.anchor ? "+" : "") + (at - data.anchor));

  function draw() {
    const letters = data.sequences[sequence.value].letters;
    scores = read();
    columns = Math.max(10, 10 * Math.floor((view.clientWidth - LEFT - 20) / CELL / 10));
    const lines = Math.ceil(letters.length / columns), top = Math.max(...scores) || 1;
    const width = LEFT + CELL * Math.min(columns, letters.length) + 8;
    view.textContent = "";
    const svg = make("svg", { viewBox: `0 0 ${width} ${lines * LINE}`, tabindex: 0, role: "img" }, view);
    svg.style.maxWidth = width + "px";
    svg.setAttribute("aria-label", "Attention score of each base of " + data.sequences[sequence.value].id);
    marker = make("rect", { width: CELL, height: BAR + 18, fill: "#d55e0033", visibility: "hidden" }, svg);
    for (let line = 0; line < lines; line++) {
      const base = line * LINE + 8 + BAR;
      make("line", { x1: LEFT, x2: width - 8, y1: base, y2: base, stroke: "#8a9099" }, svg);
      make("text", { x: LEFT - 4, y: base + 3, class: "scale" }, svg, "0");
      make("text", { x: LEFT - 4, y: base - BAR + 8, class: "scale" }, svg, top.toPrecision(2));
      const middle = base - BAR / 2;
      make("text", { x: 12, y: middle, class: "title", transform: `rotate(-90 12 ${middle})` }, svg, data.scoreName);
      for (let at = line * columns; at < Math.min(letters.length, (line + 1) * columns); at++) {
        const x = LEFT + CELL * (at - line * columns), high = (BAR * scores[at]) / top;
        // A line as high as the panel: the bar of the anchor may be too low to be seen.
        if (at === data.anchor) make("line", { x1: x + CELL / 2, x2: x + CELL / 2, y1: base - BAR, y2: base, class: "anchor" }, svg);
        make("rect", { x: x + 0.5, y: base - high, width: CELL - 1, height: high, fill: at === data.anchor ? "#d55e00" : "#0072b2" }, svg);
        make("text", { x: x + CELL / 2, y: base + 13, fill: data.colours[letters[at]] }, svg, letters[at]);
        if ((at - (data.anchor || 0)) % 10 === 0) make("text", { x: x + CELL / 2, y: base + 27, class: "tick" }, svg, shown(at));
      }
    }
    const place = (event) => {
      const box = svg.getBoundingClientRect(), scale = width / box.width;
      const column = Math.floor(((event.clientX - box.left) * scale - LEFT) / CELL);
      const at = Math.floor(((event.clientY - box.top) * scale) / LINE) * columns + column;
      if (column >= 0 && column < columns && at >= 0 && at < letters.length) mark(at);
    };
    svg.addEventListener("pointermove", place);
    svg.addEventListener("pointerdown", place);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!step) return;
      event.preventDefault();
      mark(Math.min(letters.length - 1, Math.max(0, marked < 0 ? 0 : marked + step)));
    });
    if (marked >= 0 && marked < letters.length) mark(marked);
  }

  function mark(at) {
    const letters = data.sequences[sequence.value].letters, line = Math.floor(at / columns);
    marked = at;
    marker.setAttribute("x", LEFT + CELL * (at - line * columns));
    marker.setAttribute("y", line * LINE + 8);
    marker.setAttribute("visibility", "visible");
    const rank = 1 + scores.filter((value) => value > scores[at]).length;
    const mean = scores.reduce((sum, value) => sum + value, 0) / scores.length;
    readout.textContent = "";
    const strong = readout.appendChild(document.createElement("b"));
    strong.textContent = `base ${at}${data.anchor === null ? "" : ` (${shown(at)} from the anchor)`}: ${letters[at]}, score ${scores[at].toPrecision(4)}`;
    readout.append(`, ${(mean ? scores[at] / mean : 1).toFixed(2)} times the mean, rank ${rank} of ${scores.length}`);
  }

  fill(sequence, data.sequences.map((entry) => entry.id + (entry.answer ? ` (${entry.answer})` : "")));
  fill(layer, data.layerNames);
  fill(head, [data.summedName, ...data.headNames]);
  layer.value = data.layer;
  for (const select of [sequence, layer, head]) select.addEventListener("change", draw);
  let wait;
  window.addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(draw, 100); });
  draw();
})();
