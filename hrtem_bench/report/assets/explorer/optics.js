// Contrast transfer of a condition, and what two conditions share: the formulas of docs/conventions.md and
// docs/information.md. Å, 1/Å, rad, mrad; C10 > 0 is overfocus; every width is a standard deviation.
// A condition: {C10, C30, C12, phi12, focal_spread, angular_spread, dose, camera}.

"use strict";

/** The lens of a condition, as functions of q: χ (rad; the wave is multiplied by exp(-iχ)), its slope, envelopes, T. */
function lensOf(c) {
  const lambda = DATA.wavelength, cos = c.C12 * Math.cos(2 * c.phi12), sin = c.C12 * Math.sin(2 * c.phi12);
  const spherical = lambda ** 2 * c.C30, width = 1e-3 * c.angular_spread / lambda;
  const focal = 0.5 * (Math.PI * lambda * c.focal_spread) ** 2, angular = 0.5 * (2 * Math.PI * lambda * width) ** 2;
  const chi = (qx, qy) => {
    const square = qx * qx + qy * qy;
    return Math.PI * lambda * (c.C10 * square + cos * (qx * qx - qy * qy) + 2 * sin * qx * qy + 0.5 * spherical * square * square);
  };
  /** ∂χ/∂qx and ∂χ/∂qy over 2πλ. */
  const slopeX = (qx, qy) => (c.C10 + spherical * (qx * qx + qy * qy)) * qx + cos * qx + sin * qy;
  const slopeY = (qx, qy) => (c.C10 + spherical * (qx * qx + qy * qy)) * qy + sin * qx - cos * qy;
  /** |∇χ|², (rad Å)². */
  const steepness = (qx, qy) => (2 * Math.PI * lambda) ** 2 * (slopeX(qx, qy) ** 2 + slopeY(qx, qy) ** 2);
  /** E_s, of the angular spread. */
  const spatial = (qx, qy) => angular ? Math.exp(-angular * (slopeX(qx, qy) ** 2 + slopeY(qx, qy) ** 2)) : 1;
  /** E_t E_s: what partial coherence leaves. */
  const envelope = (qx, qy) => Math.exp(-focal * (qx * qx + qy * qy) ** 2) * spatial(qx, qy);
  const transfer = (qx, qy) => {
    const kept = envelope(qx, qy);
    return kept > 1e-6 ? kept * Math.sin(chi(qx, qy)) : 0;
  };
  return {chi, slopeX, slopeY, steepness, spatial, envelope, transfer};
}

/** Extended Scherzer defocus, Å: positive is underfocus. */
function scherzerDefocus(c) {
  return Math.sign(c.C30) * Math.sqrt(1.5 * Math.abs(c.C30) * DATA.wavelength);
}

const LEAST_STEPS = 2048, MOST_STEPS = 65536, PHASE_OF_A_STEP = 0.4, POLAR_STEPS = 512, POLAR_ANGLES = 128;

/** Steps of q over the band, so that χ moves little in each where anything is transferred. */
function radialSteps(lenses) {
  let steepest = 0;
  for (const lens of lenses) {
    for (let i = 1; i <= 256; i++) {
      const q = DATA.q_max * i / 256;
      if (lens.envelope(q, 0) > 1e-4) steepest = Math.max(steepest, Math.sqrt(lens.steepness(q, 0)));
    }
  }
  return Math.min(Math.max(Math.ceil(steepest * DATA.q_max / PHASE_OF_A_STEP), LEAST_STEPS), MOST_STEPS);
}

/**
 * ε of both, σ and coverage over |q| <= q_max, weight "area": even steps of q, and of φ where a lens is not round, in
 * which T has the period π. The steps of q are shifted from angle to angle (by the golden ratio), so that their errors differ.
 */
function sharedTransfer(train, test) {
  const round = !train.C12 && !test.C12, known = lensOf(train), used = lensOf(test);
  const steps = round ? radialSteps([known, used]) : POLAR_STEPS, angles = round ? 1 : POLAR_ANGLES;
  let area = 0, first = 0, second = 0, product = 0, common = 0, wanted = 0;
  for (let j = 0; j < angles; j++) {
    const phi = round ? 0 : Math.PI * (j + 0.5) / angles, cos = Math.cos(phi), sin = Math.sin(phi);
    const shift = (0.5 + j * 0.6180339887498949) % 1;
    for (let i = 0; i < steps; i++) {
      const q = DATA.q_max * (i + shift) / steps;
      const a = Math.abs(known.transfer(q * cos, q * sin)), b = Math.abs(used.transfer(q * cos, q * sin));
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
  const angles = c.C12 ? 24 : 1, lens = lensOf(c);
  return {
    signed: q.map((one) => lens.transfer(one, 0)),
    amplitude: q.map((one) => {
      let power = 0;
      for (let j = 0; j < angles; j++) {
        const phi = Math.PI * j / angles;
        power += lens.transfer(one * Math.cos(phi), one * Math.sin(phi)) ** 2;
      }
      return Math.sqrt(power / angles);
    }),
  };
}
