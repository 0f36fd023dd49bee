// The model observer of docs/explanation/observer.md: from the spectra of specimens' images to the loss to expect.

"use strict";

const meanOf = (values) => values.reduce((total, one) => total + one, 0) / values.length;
function meanWhere(values, where) {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++) if (where[i]) { sum += values[i]; count++; }
  return sum / count;
}

/** Factors on the observer's spectra: for each ring, the low pass, and all; 0 at frequency 0 and at Nyquist's. */
const FACTORS = (() => {
  const {edges, low_pass, points} = DATA.observer, nyquist = points / (2 * DATA.field);
  const of = (factor) => {
    const found = new Float64Array(points * points);
    for (let y = 0; y < points; y++) {
      for (let x = 0; x < points; x++) {
        const ky = stepOf(y, points), kx = stepOf(x, points), held = (ky || kx) && Math.max(Math.abs(ky), Math.abs(kx)) < points / 2;
        if (held) found[y * points + x] = factor(Math.hypot(ky, kx) / DATA.field);
      }
    }
    return found;
  };
  const rings = edges.slice(1).map((high, k) => of((q) => Number(q >= edges[k] && q < Math.min(high, nyquist))));
  return {rings, low: of((q) => Math.exp(-2 * (Math.PI * low_pass * q) ** 2)), all: of(() => 1)};
})();

/** The field of the observer's pixels of a spectrum times factors, over the mean. */
function through(spectrum, factors) {
  const {points} = DATA.observer, n = spectrum.n, part = new Field(points);
  for (let i = 0; i < points * points; i++) {
    if (!factors[i]) continue;
    const ky = stepOf(Math.floor(i / points), points), kx = stepOf(i % points, points), size = factors[i] / spectrum.re[0];
    const from = ((ky + n) % n) * n + (kx + n) % n;
    part.re[i] = size * spectrum.re[from]; part.im[i] = size * spectrum.im[from];
  }
  return transformField(part, 1).re;
}

/** Power of x = I / mean - 1 in rings, on particle, on film and in the whole, the low-passed x, and the variance of x. */
function ringPowers(spectrum, {particle, film}) {
  const rings = FACTORS.rings.map((factors) => through(spectrum, factors).map((one) => one * one));
  const low = through(spectrum, FACTORS.low), squared = low.map((one) => one * one);
  const variance = (where) => meanWhere(squared, where) - meanWhere(low, where) ** 2;
  return {
    particle: rings.map((one) => meanWhere(one, particle)), film: rings.map((one) => meanWhere(one, film)),
    whole: rings.map(meanOf), variance: meanOf(through(spectrum, FACTORS.all).map((one) => one * one)),
    lowParticle: meanWhere(low, particle), lowFilm: meanWhere(low, film),
    lowVariance: 0.5 * (variance(particle) + variance(film)),
  };
}

const dot = (a, b) => a.reduce((total, one, i) => total + one * b[i], 0);

/** Of one specimen: its channels on particle and on film, the variance of the low-pass channel within a region, and ln of
 * the share that the texture ring has in the image's variance. */
function channels(powers, c) {
  const {transfer, low_transfer, noise, low_noise, whole_noise} = DATA.cameras[c.camera];
  const {standardised, texture_ring} = DATA.observer;
  const noiseOf = ([linear, quadratic]) => linear / c.dose + quadratic / c.dose ** 2;
  const outside = Math.max(powers.variance - powers.whole.reduce((total, one) => total + one, 0), 0);
  const scale = Math.max(dot(powers.whole, transfer) + outside * low_transfer + noiseOf(whole_noise), 1e-12);
  const logOf = (power, k) => Math.log(Math.max(power * transfer[k] + noiseOf(noise[k]), 1e-12));
  const seen = (power) => power.map((one, k) => logOf(one, k) - standardised * Math.log(scale));
  const signed = (low) => low * Math.sqrt(low_transfer / scale);
  return {
    particle: [...seen(powers.particle), signed(powers.lowParticle)], film: [...seen(powers.film), signed(powers.lowFilm)],
    within: (powers.lowVariance * low_transfer + noiseOf(low_noise)) / scale,
    texture: logOf(powers.whole[texture_ring], texture_ring) - Math.log(scale),
  };
}

/** Over all specimens: the channels' means on particle and film, their covariance, and the mean texture. */
function moments(powers, c) {
  const each = powers.map((one) => channels(one, c)), {trigamma, floor} = DATA.observer;
  const mean = (side) => each[0][side].map((_, k) => meanOf(each.map((one) => one[side][k])));
  const particle = mean("particle"), film = mean("film");
  const own = [...trigamma, meanOf(each.map((one) => one.within))].map((one) => one + floor ** 2);
  const covariance = own.map((variance, j) => own.map((_, k) => {
    const between = meanOf(each.map((one) => 0.5 * (one.particle[j] - particle[j]) * (one.particle[k] - particle[k])
      + 0.5 * (one.film[j] - film[j]) * (one.film[k] - film[k])));
    return between + (j === k ? variance : 0);
  }));
  return {particle, film, covariance, texture: meanOf(each.map((one) => one.texture))};
}

/** x of A x = b, A symmetric and positive definite (Gauss). */
function solved(matrix, vector) {
  const rows = matrix.map((row, i) => [...row, vector[i]]), n = rows.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const factor = rows[j][i] / rows[i][i];
      for (let k = i; k <= n; k++) rows[j][k] -= factor * rows[i][k];
    }
  }
  const found = Array(n).fill(0);
  for (let i = n - 1; i >= 0; i--) found[i] = (rows[i][n] - dot(rows[i].slice(0, n), found)) / rows[i][i];
  return found;
}

const COVER = meanOf(SPECIMENS.map((one) => one.cover));

/** The best linear observer where the channels have these moments. */
function trainedObserver({particle, film, covariance}) {
  const weights = solved(covariance, particle.map((one, i) => one - film[i]));
  return {weights, threshold: 0.5 * (dot(weights, particle) + dot(weights, film)) - Math.log(COVER / (1 - COVER))};
}

/** Expected cross-entropy, nats per pixel, of an observer at other moments: a sum over a normal deviate. */
function expectedCrossEntropy({weights, threshold}, {particle, film, covariance}) {
  const spread = Math.sqrt(dot(weights, covariance.map((row) => dot(row, weights))));
  const margins = [dot(weights, particle) - threshold, threshold - dot(weights, film)], shares = [COVER, 1 - COVER];
  let loss = 0, total = 0;
  for (let i = 0; i <= 720; i++) {
    const z = -9 + i / 40, weight = Math.exp(-0.5 * z * z);
    total += weight;
    for (const side of [0, 1]) {
      const x = -(margins[side] + spread * z);
      loss += shares[side] * weight * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
    }
  }
  return loss / total;
}

/**
 * Loss to expect of a network trained at one condition and tested at another, nats per pixel, and if trained there.
 * train, test: a condition, and the powers of all specimens at it.
 */
function expectedLoss(train, test) {
  const {coefficients, edge_loss} = DATA.observer, {alpha, beta, gamma, eta, zeta, phi} = coefficients;
  const [there, here] = [train, test].map((one) => moments(one.powers, one.condition));
  const costOf = (observer, at) => Math.log(expectedCrossEntropy(observer, at) + edge_loss);
  const hardness = costOf(trainedObserver(here), here), training = costOf(trainedObserver(there), there);
  const mismatch = costOf(trainedObserver(there), here) - hardness, own = alpha + beta * hardness;
  const apart = gamma * mismatch + eta * Math.max(training - hardness, 0) + zeta * Math.max(hardness - training, 0)
    + phi * Math.max(here.texture - there.texture, 0);
  return {loss: Math.exp(own + apart), matched: Math.exp(own), hardness, mismatch};
}
