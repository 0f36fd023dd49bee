// From the exit wave to an image: Fourier transforms, image formation as `hrtem_bench.render` does it (a sum of
// coherent images over the focal spread, the envelope of the angular spread with its electrons put back), the camera.
// Spectra are NumPy's: frequency 0 first, y along rows, forward transforms divided by the number of points.

"use strict";

/** A square field of complex numbers. */
class Field {
  constructor(n) {
    this.n = n;
    this.re = new Float64Array(n * n);
    this.im = new Float64Array(n * n);
  }
}

const TABLES = new Map();

function tables(n) {
  if (!TABLES.has(n)) {
    const bits = Math.log2(n), reversed = new Uint16Array(n), cos = new Float64Array(n / 2), sin = new Float64Array(n / 2);
    for (let i = 0; i < n; i++) {
      for (let b = 0; b < bits; b++) if (i & (1 << b)) reversed[i] |= 1 << (bits - 1 - b);
    }
    for (let i = 0; i < n / 2; i++) [cos[i], sin[i]] = [Math.cos(2 * Math.PI * i / n), Math.sin(2 * Math.PI * i / n)];
    TABLES.set(n, {reversed, cos, sin});
  }
  return TABLES.get(n);
}

/** Radix-2 transform of n numbers from `start` on, in place; sign +1 is the inverse, no factor. */
function transformRow(re, im, start, n, sign) {
  const {reversed, cos, sin} = tables(n);
  for (let i = 0; i < n; i++) {
    const j = reversed[i];
    if (j > i) {
      const a = start + i, b = start + j, r = re[a], m = im[a];
      re[a] = re[b]; im[a] = im[b]; re[b] = r; im[b] = m;
    }
  }
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let k = 0; k < half; k++) {
      const wr = cos[k * stride], wi = sign * sin[k * stride];
      for (let a = start + k, end = start + n; a < end; a += 2 * half) {
        const b = a + half, r = re[b] * wr - im[b] * wi, m = re[b] * wi + im[b] * wr;
        re[b] = re[a] - r; im[b] = im[a] - m; re[a] += r; im[a] += m;
      }
    }
  }
}

function transpose(values, n) {
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < y; x++) {
      const a = y * n + x, b = x * n + y, kept = values[a];
      values[a] = values[b]; values[b] = kept;
    }
  }
}

/** 2-D transform in place. reach: rows beyond it, up or down, are known to be empty (inverse only). */
function transformField(field, sign, reach = field.n) {
  const {re, im, n} = field;
  for (let y = 0; y < n; y++) if (Math.min(y, n - y) <= reach) transformRow(re, im, y * n, n, sign);
  transpose(re, n); transpose(im, n);
  for (let x = 0; x < n; x++) transformRow(re, im, x * n, n, sign);
  transpose(re, n); transpose(im, n);
  if (sign < 0) for (let i = 0; i < n * n; i++) { re[i] /= n * n; im[i] /= n * n; }
  return field;
}

/** Steps of frequency of index i of n. */
const stepOf = (i, n) => i <= n / 2 ? i : i - n;

/** Bytes of base64. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

/** Half-precision numbers, little-endian. */
function halves(text) {
  const bytes = bytesOf(text), view = new DataView(bytes.buffer), out = new Float64Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) {
    const bits = view.getUint16(2 * i, true), exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    out[i] = bits & 32768 ? -size : size;
  }
  return out;
}

/** Coefficients of a block of frequencies from -reach to reach: {steps: [y, x] of each, re, im}, zeros left out. */
function coefficients({reach, values}) {
  const numbers = halves(values), side = 2 * reach + 1, found = {y: [], x: [], re: [], im: []};
  for (let i = 0; i < side * side; i++) {
    if (numbers[2 * i] || numbers[2 * i + 1]) {
      found.y.push(Math.floor(i / side) - reach); found.x.push(i % side - reach);
      found.re.push(numbers[2 * i] / DATA.scale); found.im.push(numbers[2 * i + 1] / DATA.scale);
    }
  }
  return found;
}

/** The specimen: coefficients of its wave and of what is scattered diffusely. */
const WAVE = coefficients(DATA.wave), DIFFUSE = coefficients(DATA.diffuse);

/** Equally spaced points and weights over a normal distribution, as many as phases up to `phase` need. */
function normalNodes(phase) {
  for (let n = 1; n < 200; n++) {
    const a = n + 1 / 3, b = phase + 0.42, spacing = (Math.sqrt(b * b + 4 * Math.PI * a) - b) / a;
    const x = Array.from({length: n}, (_, i) => (i - (n - 1) / 2) * spacing);
    const sum = x.reduce((total, one) => total + Math.exp(-0.5 * one * one), 0);
    const nodes = x.map((one) => ({place: one, weight: Math.exp(-0.5 * one * one) / sum}));
    let worst = 0;
    for (let i = 0; i <= 256; i++) {
      const p = phase * i / 256, mean = nodes.reduce((total, one) => total + one.weight * Math.cos(p * one.place), 0);
      worst = Math.max(worst, Math.abs(mean - Math.exp(-0.5 * p * p)));
    }
    if (worst < 0.005) return nodes;
  }
  throw new Error("too many values of focus");
}

/** Add |wave|² of a lens that multiplies coefficient i by amplitude(i) exp(-i phase(i)). */
function addImage(total, amplitude, phase) {
  const n = total.n, field = new Field(n);
  for (let i = 0; i < WAVE.re.length; i++) {
    const size = amplitude(i), angle = phase(i), c = size * Math.cos(angle), s = -size * Math.sin(angle);
    const place = ((WAVE.y[i] + n) % n) * n + (WAVE.x[i] + n) % n;
    field.re[place] = WAVE.re[i] * c - WAVE.im[i] * s;
    field.im[place] = WAVE.re[i] * s + WAVE.im[i] * c;
  }
  transformField(field, 1, DATA.wave.reach);
  for (let i = 0; i < n * n; i++) total.re[i] += field.re[i] ** 2 + field.im[i] ** 2;
}

/** κ, Å, of the blur of what the envelope of the angular spread took out: see hrtem_bench/imaging/diffuse.py. */
function backgroundBlur(c, qx, qy, lost) {
  const step = 1 / DATA.field;
  let squares = 0, total = 0;
  for (let i = 0; i < WAVE.re.length; i++) {
    const weight = (WAVE.re[i] ** 2 + WAVE.im[i] ** 2) * lost[i] ** 2;
    if (weight < 1e-14) continue;
    for (const [dx, dy] of [[step, 0], [0, step]]) {
      const ahead = chiGradient(qx[i] + dx, qy[i] + dy, c), behind = chiGradient(qx[i] - dx, qy[i] - dy, c);
      squares += weight * ((ahead[0] - behind[0]) ** 2 + (ahead[1] - behind[1]) ** 2) / (2 * step) ** 2;
    }
    total += weight;
  }
  return total > 0 ? 1e-3 * c.angular_spread / DATA.wavelength * Math.sqrt(0.5 * squares / total) : 0;
}

/** Spectrum of the expected intensity at a condition, before the camera; its mean is 1 without a specimen. */
function imageSpectrum(c) {
  const lambda = DATA.wavelength, n = DATA.pixels;
  const qx = WAVE.x.map((k) => k / DATA.field), qy = WAVE.y.map((k) => k / DATA.field);
  const square = qx.map((x, i) => x * x + qy[i] * qy[i]);
  const phase = qx.map((x, i) => chi(x, qy[i], c) + Math.PI * lambda * DATA.zero_focus * square[i]);
  const kept = qx.map((x, i) => spatialEnvelope(x, qy[i], c));
  const nodes = c.focal_spread ? normalNodes(Math.PI * lambda * c.focal_spread * DATA.band ** 2) : [{place: 0, weight: 1}];
  const total = new Field(n);
  for (const {place, weight} of nodes) {
    const focus = Math.PI * lambda * c.focal_spread * place, root = Math.sqrt(weight);
    addImage(total, (i) => root * kept[i], (i) => phase[i] + focus * square[i]);
  }
  transformField(total, -1);
  if (c.angular_spread) {
    const lost = kept.map((one) => Math.sqrt(1 - one * one)), kappa = backgroundBlur(c, qx, qy, lost), back = new Field(n);
    addImage(back, (i) => lost[i], (i) => phase[i]);
    transformField(back, -1);
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        const k = (stepOf(y, n) ** 2 + stepOf(x, n) ** 2) / DATA.field ** 2, blur = Math.exp(-0.5 * kappa ** 2 * k);
        total.re[y * n + x] += blur * back.re[y * n + x]; total.im[y * n + x] += blur * back.im[y * n + x];
      }
    }
  }
  for (let i = 0; i < DIFFUSE.re.length; i++) {
    const place = ((DIFFUSE.y[i] + n) % n) * n + (DIFFUSE.x[i] + n) % n;
    total.re[place] += DIFFUSE.re[i]; total.im[place] += DIFFUSE.im[i];
  }
  return total;
}

/** A camera's curve at u, a share of Nyquist, from its table over 0 to √2. */
function curveAt(table, u) {
  const place = Math.min(u / Math.SQRT2, 1) * (table.length - 1), low = Math.min(Math.floor(place), table.length - 2);
  return table[low] + (place - low) * (table[low + 1] - table[low]);
}

/** The field of a spectrum, each frequency times factor(u), u its share of Nyquist. */
function filtered(spectrum, factor) {
  const n = spectrum.n, out = new Field(n);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const i = y * n + x, size = factor(2 / n * Math.hypot(stepOf(y, n), stepOf(x, n)));
      out.re[i] = size * spectrum.re[i]; out.im[i] = size * spectrum.im[i];
    }
  }
  return transformField(out, 1).re;
}

/** Numbers from 0 to 1 in a row that `seed` begins (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A standard normal deviate (Box and Muller). */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const LOG_FACTORIALS = [0];

function logFactorial(k) {
  while (LOG_FACTORIALS.length <= Math.min(k, 1023)) {
    LOG_FACTORIALS.push(LOG_FACTORIALS.at(-1) + Math.log(LOG_FACTORIALS.length));
  }
  if (k < 1024) return LOG_FACTORIALS[k];
  return (k + 0.5) * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * k);  // Stirling: good to 1e-12 here
}

/** A Poisson deviate: by products below a mean of 10, above by Hörmann's PTRS, Insurance Math. Econom. 12 (1993) 39. */
function poisson(mean, random) {
  if (mean < 10) {
    const end = Math.exp(-mean);
    let count = 0;
    for (let product = random(); product > end; product *= random()) count++;
    return count;
  }
  const b = 0.931 + 2.53 * Math.sqrt(mean), a = -0.059 + 0.02483 * b;
  const scale = 1.1239 + 1.1328 / (b - 3.4), ready = 0.9277 - 3.6224 / (b - 2), log = Math.log(mean);
  for (;;) {
    const u = random() - 0.5, v = random(), us = 0.5 - Math.abs(u), k = Math.floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= ready) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Math.log(v) + Math.log(scale) - Math.log(a / us ** 2 + b) <= k * log - mean - logFactorial(k)) return k;
  }
}

/** What the camera shows of an intensity's spectrum, without noise: the specimen through its MTF. */
function expectedPicture(spectrum, c) {
  const {mtf} = DATA.cameras[c.camera];
  return filtered(spectrum, (u) => curveAt(mtf, u));
}

/** Counts of the camera, in the order of hrtem_bench/imaging/detector.py; the seed fixes the noise. */
function recordedPicture(spectrum, c, seed) {
  const {mtf, ntf, gain, counted, read_noise} = DATA.cameras[c.camera], n = spectrum.n, random = generator(seed);
  const electrons = c.dose * (DATA.field / n) ** 2 * counted, plain = mtf.every((one) => one === 1);
  const arriving = filtered(spectrum, plain ? () => 1 : (u) => curveAt(mtf, u) / curveAt(ntf, u));
  const counts = new Field(n);
  for (let i = 0; i < n * n; i++) counts.re[i] = poisson(Math.max(arriving[i], 0) * electrons, random);
  const white = ntf.every((one) => Math.abs(one - 1) < 1e-9);
  const seen = white ? counts.re : filtered(transformField(counts, -1), (u) => curveAt(ntf, u));
  return seen.map((one) => one * gain / counted + (read_noise ? read_noise * normal(random) : 0));
}
