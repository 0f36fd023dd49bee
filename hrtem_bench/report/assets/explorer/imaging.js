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

/** Radix-2 transform along x of row y, in place. */
function transformRow(field, y, sign) {
  const {re, im, n} = field, {reversed, cos, sin} = tables(n), start = y * n, end = start + n;
  for (let i = 0; i < n; i++) if (reversed[i] > i) swap(re, im, start + i, start + reversed[i]);
  for (let half = 1; half < n; half *= 2) {
    for (let k = 0; k < half; k++) {
      const wr = cos[k * n / (2 * half)], wi = sign * sin[k * n / (2 * half)];
      for (let a = start + k; a < end; a += 2 * half) {
        const b = a + half, r = re[b] * wr - im[b] * wi, m = re[b] * wi + im[b] * wr;
        re[b] = re[a] - r; im[b] = im[a] - m; re[a] += r; im[a] += m;
      }
    }
  }
}

/** The same along y, of all columns at once. */
function transformColumns(field, sign) {
  const {re, im, n} = field, {reversed, cos, sin} = tables(n);
  for (let y = 0; y < n; y++) {
    if (reversed[y] > y) for (let x = 0; x < n; x++) swap(re, im, y * n + x, reversed[y] * n + x);
  }
  for (let half = 1; half < n; half *= 2) {
    for (let top = 0; top < n; top++) {
      if (top & half) continue;
      const k = (top & (half - 1)) * n / (2 * half), wr = cos[k], wi = sign * sin[k];
      for (let a = top * n, b = a + half * n, end = a + n; a < end; a++, b++) {
        const r = re[b] * wr - im[b] * wi, m = re[b] * wi + im[b] * wr;
        re[b] = re[a] - r; im[b] = im[a] - m; re[a] += r; im[a] += m;
      }
    }
  }
}

function swap(re, im, a, b) {
  const r = re[a], m = im[a];
  re[a] = re[b]; im[a] = im[b]; re[b] = r; im[b] = m;
}

/** 2-D transform in place, sign +1 the inverse. reach: rows beyond it, up or down, are empty (of a spectrum only). */
function transformField(field, sign, reach = field.n) {
  const {re, im, n} = field;
  for (let y = 0; y < n; y++) if (Math.min(y, n - y) <= reach) transformRow(field, y, sign);
  transformColumns(field, sign);
  if (sign < 0) for (let i = 0; i < n * n; i++) { re[i] /= n * n; im[i] /= n * n; }
  return field;
}

/** Steps of frequency of index i of n. */
const stepOf = (i, n) => i <= n / 2 ? i : i - n;

/** Bytes of base64. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

/** The bits of these bytes, the highest of each first. */
function bitsOf(text) {
  return Array.from(bytesOf(text)).flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
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

/** Coefficients of a block of frequencies from -reach to reach, zeros left out: steps, 1/Å, q², and the numbers. */
function coefficients({reach, values}) {
  const numbers = halves(values), side = 2 * reach + 1;
  const held = [...Array(side * side).keys()].filter((i) => numbers[2 * i] || numbers[2 * i + 1]);
  const of = (value) => Float64Array.from(held, value);
  const y = of((i) => Math.floor(i / side) - reach), x = of((i) => i % side - reach);
  const qy = y.map((one) => one / DATA.field), qx = x.map((one) => one / DATA.field);
  return {y, x, qy, qx, square: qx.map((one, i) => one * one + qy[i] * qy[i]),
    re: of((i) => numbers[2 * i] / DATA.scale), im: of((i) => numbers[2 * i + 1] / DATA.scale)};
}

/** Where coefficient i lies in a spectrum of n points a side. */
const placeOf = (held, i, n) => ((held.y[i] + n) % n) * n + (held.x[i] + n) % n;

/** The specimens: coefficients of the wave and of what is scattered diffusely, plane of zero focus, band, regions. */
const SPECIMENS = DATA.specimens.map((one) => ({...one, wave: coefficients(one.wave), reach: one.wave.reach,
  diffuse: coefficients(one.diffuse), particle: bitsOf(one.particle), film: bitsOf(one.film)}));

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

/** Add |wave|², its coefficients multiplied by amplitude · exp(-i phase), arrays. */
function addImage(total, {wave, reach}, amplitude, phase) {
  const n = total.n, field = new Field(n);
  for (let i = 0; i < wave.re.length; i++) {
    const c = amplitude[i] * Math.cos(phase[i]), s = -amplitude[i] * Math.sin(phase[i]), place = placeOf(wave, i, n);
    field.re[place] = wave.re[i] * c - wave.im[i] * s;
    field.im[place] = wave.re[i] * s + wave.im[i] * c;
  }
  transformField(field, 1, reach);
  for (let i = 0; i < n * n; i++) total.re[i] += field.re[i] * field.re[i] + field.im[i] * field.im[i];
}

/** κ, Å, of the blur of what the envelope of the angular spread took out: see hrtem_bench/imaging/diffuse.py. */
function backgroundBlur(c, {re, im, qx, qy}, lost) {
  const step = 1 / DATA.field, {slopeX, slopeY} = lensOf(c);
  let squares = 0, total = 0;
  for (let i = 0; i < re.length; i++) {
    const weight = (re[i] ** 2 + im[i] ** 2) * lost[i] ** 2;
    if (weight < 1e-14) continue;
    for (const slope of [slopeX, slopeY]) {
      squares += weight * (slope(qx[i] + step, qy[i]) - slope(qx[i] - step, qy[i])) ** 2;
      squares += weight * (slope(qx[i], qy[i] + step) - slope(qx[i], qy[i] - step)) ** 2;
    }
    total += weight;
  }
  return total > 0 ? 2 * Math.PI * 1e-3 * c.angular_spread / (2 * step) * Math.sqrt(0.5 * squares / total) : 0;
}

/** Spectrum of the expected intensity of a specimen at a condition, before the camera; its mean is 1 without a specimen. */
function imageSpectrum(c, specimen) {
  const {wave: {qx, qy, square}, diffuse, zero_focus, band} = specimen, lens = lensOf(c), unit = Math.PI * DATA.wavelength, total = new Field(DATA.pixels);
  const kept = qx.map((x, i) => lens.spatial(x, qy[i]));
  const phase = qx.map((x, i) => lens.chi(x, qy[i]) + unit * zero_focus * square[i]);
  const nodes = c.focal_spread ? normalNodes(unit * c.focal_spread * band ** 2) : [{place: 0, weight: 1}];
  for (const {place, weight} of nodes) {
    const focus = unit * c.focal_spread * place, root = Math.sqrt(weight);
    addImage(total, specimen, kept.map((one) => root * one), phase.map((one, i) => one + focus * square[i]));
  }
  transformField(total, -1);
  if (c.angular_spread) addBackground(total, c, specimen, kept, phase);
  for (let i = 0; i < diffuse.re.length; i++) {
    const place = placeOf(diffuse, i, total.n);
    total.re[place] += diffuse.re[i]; total.im[place] += diffuse.im[i];
  }
  return total;
}

/** Add to a spectrum what the envelope of the angular spread took out of the waves. */
function addBackground(total, c, specimen, kept, phase) {
  const n = total.n, lost = kept.map((one) => Math.sqrt(1 - one * one)), back = new Field(n);
  const kappa = backgroundBlur(c, specimen.wave, lost);
  addImage(back, specimen, lost, phase);
  transformField(back, -1);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const i = y * n + x, k = (stepOf(y, n) ** 2 + stepOf(x, n) ** 2) / DATA.field ** 2, blur = Math.exp(-0.5 * kappa ** 2 * k);
      total.re[i] += blur * back.re[i]; total.im[i] += blur * back.im[i];
    }
  }
}

/** A camera's curve at u, a share of Nyquist, from its table over 0 to √2. */
function curveAt(table, u) {
  const place = Math.min(u / Math.SQRT2, 1) * (table.length - 1), low = Math.min(Math.floor(place), table.length - 2);
  return table[low] + (place - low) * (table[low + 1] - table[low]);
}

/** Factors on a spectrum of the pictures' size, from a function of u, the share of Nyquist. */
function filterOf(factor) {
  const n = DATA.pixels, found = new Float64Array(n * n);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) found[y * n + x] = factor(2 / n * Math.hypot(stepOf(y, n), stepOf(x, n)));
  }
  return found;
}

const FILTERS = new Map();

/** A camera's MTF, NTF and their ratio as factors; null where 1 everywhere. */
function filtersOf(name) {
  if (!FILTERS.has(name)) {
    const {mtf, ntf} = DATA.cameras[name];
    const one = (of) => [...Array(mtf.length).keys()].every((i) => Math.abs(of(i) - 1) < 1e-9);
    FILTERS.set(name, {
      mtf: one((i) => mtf[i]) ? null : filterOf((u) => curveAt(mtf, u)),
      ntf: one((i) => ntf[i]) ? null : filterOf((u) => curveAt(ntf, u)),
      ratio: one((i) => mtf[i] / ntf[i]) ? null : filterOf((u) => curveAt(mtf, u) / curveAt(ntf, u)),
    });
  }
  return FILTERS.get(name);
}

/** The field of a spectrum times a filter. */
function filtered(spectrum, filter) {
  const out = new Field(spectrum.n), one = (value, i) => filter ? value * filter[i] : value;
  out.re.set(spectrum.re.map(one)); out.im.set(spectrum.im.map(one));
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
  const scale = 1.1239 + 1.1328 / (b - 3.4), ready = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random() - 0.5, v = random(), us = 0.5 - Math.abs(u), k = Math.floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= ready) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Math.log(v) + Math.log(scale) - Math.log(a / us ** 2 + b) <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
}

/** What the camera shows of an intensity's spectrum, without noise: the specimen through its MTF. */
function expectedPicture(spectrum, c) {
  return filtered(spectrum, filtersOf(c.camera).mtf);
}

/** Counts of the camera, in the order of hrtem_bench/imaging/detector.py; the seed fixes the noise. */
function recordedPicture(spectrum, c, seed) {
  const {gain, counted, read_noise} = DATA.cameras[c.camera], {ntf, ratio} = filtersOf(c.camera);
  const electrons = c.dose * (DATA.field / spectrum.n) ** 2 * counted, random = generator(seed);
  const counts = new Field(spectrum.n);
  counts.re.set(filtered(spectrum, ratio).map((one) => poisson(Math.max(one, 0) * electrons, random)));
  const seen = ntf ? filtered(transformField(counts, -1), ntf) : counts.re;
  return seen.map((one) => one * gain / counted + (read_noise ? read_noise * normal(random) : 0));
}
