// Drawing: an image as grey values, T(q) of both conditions with what they share.

"use strict";

/** Grey values over three standard deviations on either side of the mean. */
function drawPicture(canvas, values) {
  const n = DATA.pixels, context = canvas.getContext("2d"), picture = context.createImageData(n, n);
  let sum = 0, squares = 0;
  for (const one of values) { sum += one; squares += one * one; }
  const mean = sum / values.length, deviation = Math.sqrt(Math.max(squares / values.length - mean ** 2, 1e-18));
  for (let i = 0; i < n * n; i++) {
    const grey = 127.5 + 127.5 * (values[i] - mean) / (3 * deviation);
    picture.data[4 * i] = picture.data[4 * i + 1] = picture.data[4 * i + 2] = grey;
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

const TOP = 22, UPPER = 170, GAP = 34, LOWER = 130, BOTTOM = 44, LEFT = 44, RIGHT = 8;

/** Two panels over q: T with its signs, and √P with the shared part shaded. */
function drawTransfer(svg, train, test) {
  const width = Math.max(svg.parentElement.clientWidth, 280), height = TOP + UPPER + GAP + LOWER + BOTTOM;
  const inner = width - LEFT - RIGHT, count = 320, end = shownEnd(train, test);
  const q = Array.from({length: count + 1}, (_, i) => end * i / count);
  const lines = {train: transferLines(q, train), test: transferLines(q, test)};
  const x = (one) => LEFT + inner * one / end;
  const signed = (one) => TOP + UPPER * (1 - one) / 2, amplitude = (one) => TOP + UPPER + GAP + LOWER * (1 - one);
  const path = (values, y) => "M" + values.map((one, i) => `${x(q[i]).toFixed(1)},${y(one).toFixed(1)}`).join("L");
  const shared = lines.train.amplitude.map((one, i) => Math.min(one, lines.test.amplitude[i]));
  const parts = [];
  const line = (x1, y1, x2, y2) => parts.push(`<path class="axis" d="M${x1},${y1}L${x2},${y2}"/>`);
  const word = (at, y, text, anchor, kind = "") => parts.push(`<text class="${kind}" x="${at}" y="${y}" text-anchor="${anchor}">${text}</text>`);
  for (const [y, values] of [[signed, [-1, 0, 1]], [amplitude, [0, 0.5, 1]]]) {
    for (const one of values) { line(LEFT, y(one), width - RIGHT, y(one)); word(LEFT - 8, y(one) + 4, String(one).replace("-", "−"), "end"); }
  }
  for (let tick = 0; tick <= end + 1e-9; tick += end > 1.4 ? 0.5 : 0.25) {
    line(x(tick), amplitude(0), x(tick), amplitude(0) + 5); word(x(tick), amplitude(0) + 19, String(tick), "middle");
  }
  word(LEFT + inner / 2, height - 6, "Spatial frequency q (1/Å)", "middle");
  word(LEFT, TOP - 8, "T(q)", "start"); word(LEFT, amplitude(1) - 7, "√P(q)", "start");
  word(width - RIGHT, TOP - 8, "tested at", "end", "test"); word(width - RIGHT - 78, TOP - 8, "trained at", "end", "train");
  parts.push(`<path class="both" d="${path(shared, amplitude)}L${x(end)},${amplitude(0)}L${x(0)},${amplitude(0)}Z"/>`);
  for (const [y, kind] of [[signed, "signed"], [amplitude, "amplitude"]]) {
    for (const name of ["test", "train"]) parts.push(`<path class="${name}" d="${path(lines[name][kind], y)}"/>`);
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.innerHTML = parts.join("");
}

/** Where the axis of q ends, 1/Å: in quarters, where either still transfers, at most the band's edge. */
function shownEnd(train, test) {
  for (let end = DATA.q_max; end > 1; end -= 0.25) {
    const q = end - 0.25;
    if ([train, test].some((c) => Math.max(lensOf(c).envelope(q, 0), lensOf(c).envelope(0, q)) > 0.01)) return end;
  }
  return 1;
}
