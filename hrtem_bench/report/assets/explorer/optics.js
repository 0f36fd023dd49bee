// Contrast transfer of a condition, and what two conditions share: the formulas of docs/conventions.md and
// docs/information.md. Å, 1/Å, rad, mrad; C10 > 0 is overfocus; every width is a standard deviation.
// A condition: {C10, C30, C12, phi12, focal_spread, angular_spread, dose, camera}.

"use strict";

/** χ(q), rad; the wave is multiplied by exp(-iχ). */
function chi(qx, qy, c) {
  const square = qx * qx + qy * qy;
  const twofold = Math.cos(2 * c.phi12) * (qx * qx - qy * qy) + Math.sin(2 * c.phi12) * 2 * qx * qy;
  const lambda = DATA.wavelength;
  return Math.PI * lambda * (c.C10 * square + c.C12 * twofold + 0.5 * lambda ** 2 * c.C30 * square ** 2);
}

/** ∇χ, rad Å. */
function chiGradient(qx, qy, c) {
  const lambda = DATA.wavelength, cos = Math.cos(2 * c.phi12), sin = Math.sin(2 * c.phi12);
  const round = c.C10 + lambda ** 2 * c.C30 * (qx * qx + qy * qy), factor = 2 * Math.PI * lambda;
  return [factor * (round * qx + c.C12 * (cos * qx + sin * qy)), factor * (round * qy + c.C12 * (sin * qx - cos * qy))];
}

/** E_s(q), of the angular spread. */
function spatialEnvelope(qx, qy, c) {
  if (!c.angular_spread) return 1;
  const [x, y] = chiGradient(qx, qy, c), width = 1e-3 * c.angular_spread / DATA.wavelength;
  return Math.exp(-0.5 * width ** 2 * (x * x + y * y));
}

/** E_t(q), of the focal spread. */
function temporalEnvelope(square, c) {
  return Math.exp(-0.5 * (Math.PI * DATA.wavelength * c.focal_spread * square) ** 2);
}

/** T(q) = E_t E_s sin χ. */
function transfer(qx, qy, c) {
  return temporalEnvelope(qx * qx + qy * qy, c) * spatialEnvelope(qx, qy, c) * Math.sin(chi(qx, qy, c));
}

/** Extended Scherzer defocus, Å: positive is underfocus. */
function scherzerDefocus(c) {
  return Math.sign(c.C30) * Math.sqrt(1.5 * Math.abs(c.C30) * DATA.wavelength);
}

const LEAST_STEPS = 2048, MOST_STEPS = 65536, PHASE_OF_A_STEP = 0.4, POLAR_STEPS = 720, POLAR_ANGLES = 96;

/** Steps of q over the band, so that χ moves little in each where anything is transferred. */
function radialSteps(conditions) {
  let steepest = 0;
  for (const c of conditions) {
    for (let i = 1; i <= 256; i++) {
      const q = DATA.q_max * i / 256;
      if (temporalEnvelope(q * q, c) * spatialEnvelope(q, 0, c) > 1e-4) {
        steepest = Math.max(steepest, Math.abs(chiGradient(q, 0, c)[0]));
      }
    }
  }
  return Math.min(Math.max(Math.ceil(steepest * DATA.q_max / PHASE_OF_A_STEP), LEAST_STEPS), MOST_STEPS);
}

/**
 * ε of both, σ and coverage over |q| <= q_max, weight "area": midpoints in q, and in φ where a lens is not round.
 * T has the period π in φ.
 */
function sharedTransfer(train, test) {
  const round = !train.C12 && !test.C12;
  const steps = round ? radialSteps([train, test]) : POLAR_STEPS, angles = round ? 1 : POLAR_ANGLES;
  let area = 0, first = 0, second = 0, product = 0, common = 0, wanted = 0;
  for (let j = 0; j < angles; j++) {
    const phi = round ? 0 : Math.PI * (j + 0.5) / angles, cos = Math.cos(phi), sin = Math.sin(phi);
    for (let i = 0; i < steps; i++) {
      const q = DATA.q_max * (i + 0.5) / steps;
      const a = Math.abs(transfer(q * cos, q * sin, train)), b = Math.abs(transfer(q * cos, q * sin, test));
      area += q; first += q * a * a; second += q * b * b; product += q * a * b;
      common += q * Math.min(a, b); wanted += q * b;
    }
  }
  const ratio = (above, below) => below > 0 ? Math.min(above / below, 1) : 0;
  return {
    epsilonTrain: first / area, epsilonTest: second / area,
    sigma: ratio(product, Math.sqrt(first * second)), coverage: ratio(common, wanted),
  };
}

/** Lines to draw at frequencies q: T along +x, and √P, the root mean square over all directions. */
function transferLines(q, c) {
  const angles = c.C12 ? 36 : 1;
  return {
    signed: q.map((one) => transfer(one, 0, c)),
    amplitude: q.map((one) => {
      let power = 0;
      for (let j = 0; j < angles; j++) {
        const phi = Math.PI * j / angles;
        power += transfer(one * Math.cos(phi), one * Math.sin(phi), c) ** 2;
      }
      return Math.sqrt(power / angles);
    }),
  };
}
