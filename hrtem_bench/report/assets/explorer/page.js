// The page: controls, what follows from them, and the address that keeps them. One state, one way: event -> state -> view.

"use strict";

/** Settings of a condition as controls. read, write: between the condition's unit and the control's; place, value: between
    the control's number and the slider's, where the slider is not even. */
const CONTROLS = [
  {key: "C10", label: "Defocus", unit: "nm", min: -120, max: 120, step: 0.5, factor: -10},
  {key: "C30", label: "Spherical C30", unit: "µm", min: -100, max: 3000, step: 1, factor: 1e4, curve: "cubic"},
  {key: "C12", label: "Astigmatism C12", unit: "nm", min: 0, max: 30, step: 0.1, factor: 10},
  {key: "phi12", label: "its direction φ12", unit: "°", min: -90, max: 90, step: 1, factor: Math.PI / 180},
  {key: "focal_spread", label: "Focal spread Δ", unit: "Å", min: 0, max: 60, step: 0.5, factor: 1},
  {key: "angular_spread", label: "Angular spread β", unit: "mrad", min: 0, max: 1, step: 0.01, factor: 1},
  {key: "dose", label: "Dose", unit: "e/Å²", min: 10, max: 10000, step: 1, factor: 1, curve: "log"},
];
const CURVES = {
  even: {place: (value) => value, value: (place) => place},
  cubic: {place: Math.cbrt, value: (place) => place ** 3},
  log: {place: Math.log10, value: (place) => 10 ** place},
};
const ORDINARY = {C10: 100, C30: 0, C12: 0, phi12: 0, focal_spread: 10, angular_spread: 0, dose: 400, camera: "ideal"};
/** Name -> what changes in a condition. */
const PRESETS = {
  "−10 nm": () => ({C10: 100}),
  "in focus": () => ({C10: 0}),
  "+10 nm": () => ({C10: -100}),
  "Scherzer": (c) => ({C10: -scherzerDefocus(c) || 0}),
  "corrected": () => ({...ORDINARY, C30: 0, C10: 100}),
  "uncorrected 1.2 mm": () => ({C30: 1.2e7, C10: -scherzerDefocus({C30: 1.2e7}), focal_spread: 30, angular_spread: 0.1}),
};
const SIDES = ["train", "test"];
const $ = (id) => document.getElementById(id);

const start = () => ({train: {...ORDINARY}, test: {...ORDINARY, C10: 200}, noise: true, seed: 1, specimen: DATA.shown});
let state = start();

const OPTICS = ["C10", "C30", "C12", "phi12", "focal_spread", "angular_spread"];
/** What was worked out last for each side: spectra of the specimens' images and their powers, at one set of optics. */
const held = {};

function heldAt(side, c) {
  const key = JSON.stringify(OPTICS.map((name) => c[name]));
  if (held[side]?.key !== key) held[side] = {key, spectra: [], powers: null};
  return held[side];
}

/** Spectrum of the image of specimen i at a side's condition. */
function spectrumAt(side, c, i) {
  return heldAt(side, c).spectra[i] ??= imageSpectrum(c, SPECIMENS[i]);
}

/** Powers of all specimens at a side's condition. */
function powersAt(side, c) {
  return heldAt(side, c).powers ??= SPECIMENS.map((one, i) => ringPowers(spectrumAt(side, c, i), one));
}

/** The loss to expect at a state. */
function lossOf(now) {
  const [train, test] = SIDES.map((side) => ({condition: now[side], powers: powersAt(side, now[side])}));
  return expectedLoss(train, test);
}

/** The pixels of a side's picture. */
function pictureOf(side, now) {
  const spectrum = spectrumAt(side, now[side], now.specimen);
  return now.noise ? recordedPicture(spectrum, now[side], now.seed) : expectedPicture(spectrum, now[side]);
}

function showNumbers(numbers) {
  for (const [name, value] of Object.entries(numbers)) if ($(name)) $(name).textContent = value.toFixed(3);
}

const shown = {};

/** What follows at once from the state: transfer, pictures, text. */
function show() {
  showNumbers(sharedTransfer(state.train, state.test));
  for (const side of SIDES) {
    const key = JSON.stringify([state[side], state.specimen, state.noise && state.seed]);
    if (shown[side] !== key) drawPicture($(`${side}-picture`), pictureOf(side, state));
    shown[side] = key;
  }
  drawTransfer($("plot"), state.train, state.test);
  const form = document.querySelector("input[name=form]:checked").value;
  $("code").textContent = {python: asPython, shell: asShell, recipe: asRecipe}[form](state);
}

/** What takes all specimens, once the hand rests: the loss; and the address. */
function settle() {
  showNumbers(lossOf(state));
  document.body.classList.remove("moving");
  try { history.replaceState(null, "", `#${addressOf(state)}`); } catch { /* a file that may not change its address */ }
}

/** Controls to the state. */
function showControls() {
  for (const side of SIDES) {
    for (const control of CONTROLS) {
      const value = Number((state[side][control.key] / control.factor || 0).toPrecision(5)), slider = $(`${side}-${control.key}-slider`);
      const field = $(`${side}-${control.key}`);
      if (field !== document.activeElement || Number(field.value) !== value) field.value = value;
      slider.value = CURVES[control.curve ?? "even"].place(value);
      slider.setAttribute("aria-valuetext", `${value} ${control.unit}`);
    }
    $(`${side}-camera`).value = state[side].camera;
  }
  $("noise").checked = state.noise; $("seed").value = state.seed; $("specimen").value = state.specimen;
}

const RESTS = 120;  // ms
let waiting = false, resting = 0;

/** Take over a changed state: at once in the controls, with the next frame in what follows from it. */
function change(next) {
  state = next;
  showControls();
  if (!waiting) {
    waiting = true;
    requestAnimationFrame(() => { waiting = false; show(); });
  }
  document.body.classList.add("moving");
  clearTimeout(resting);
  resting = setTimeout(settle, RESTS);
}

function set(side, changes) {
  change({...state, [side]: {...state[side], ...changes}});
}

function addressOf(now) {
  const parts = SIDES.flatMap((side) => Object.entries(now[side]).map(([key, value]) => [`${side}.${key}`, value]));
  return new URLSearchParams([...parts, ["noise", Number(now.noise)], ["seed", now.seed], ["specimen", now.specimen]]).toString();
}

/** The state that an address holds; what it lacks or cannot be used is as at the start. */
function stateOf(address) {
  const found = start(), given = new URLSearchParams(address);
  for (const side of SIDES) {
    for (const {key, min, max, factor} of CONTROLS) {
      const value = Number(given.get(`${side}.${key}`) ?? NaN);
      if (Number.isFinite(value)) found[side][key] = Math.min(Math.max(value / factor, min), max) * factor;
    }
    const camera = given.get(`${side}.camera`);
    if (Object.hasOwn(DATA.cameras, camera)) found[side].camera = camera;
  }
  if (given.has("noise")) found.noise = given.get("noise") !== "0";
  if (/^\d{1,6}$/.test(given.get("seed") ?? "")) found.seed = Number(given.get("seed"));
  if (SPECIMENS[given.get("specimen")]) found.specimen = Number(given.get("specimen"));
  return found;
}

function makeCard(card, side) {
  const name = side === "train" ? "Trained at" : "Tested at";
  const settings = CONTROLS.map(({key, label, unit, min, max, step, curve = "even"}) => {
    const id = `${side}-${key}`, {place} = CURVES[curve];
    return `<div class="setting"><label for="${id}">${label}</label>
      <span class="value"><input type="number" id="${id}" min="${min}" max="${max}" step="${step}"><span class="unit">${unit}</span></span>
      <input type="range" id="${id}-slider" min="${place(min)}" max="${place(max)}" step="${curve === "even" ? step : "any"}"
        aria-label="${name}: ${label}"></div>`;
  });
  const cameras = Object.keys(DATA.cameras).map((one) => `<option>${one}</option>`).join("");
  card.insertAdjacentHTML("beforeend", `
    <div class="picture"><canvas id="${side}-picture" width="${DATA.pixels}" height="${DATA.pixels}" role="img"
      aria-label="${name}: image of the particle"></canvas><span class="bar">1 nm</span></div>
    <div class="presets" role="group" aria-label="${name}: presets">${Object.keys(PRESETS).map((one) => `<button type="button">${one}</button>`).join("")}</div>
    ${settings.join("")}
    <div class="setting"><label for="${side}-camera">Camera</label><select id="${side}-camera">${cameras}</select></div>`);
  for (const button of card.querySelectorAll(".presets button")) {
    button.addEventListener("click", () => set(side, PRESETS[button.textContent](state[side])));
  }
  for (const {key, min, max, step, factor, curve = "even"} of CONTROLS) {
    $(`${side}-${key}`).addEventListener("input", (event) => {
      const value = event.target.valueAsNumber;
      if (Number.isFinite(value) && value >= min && value <= max) set(side, {[key]: value * factor || 0});
    });
    $(`${side}-${key}`).addEventListener("change", showControls);
    $(`${side}-${key}-slider`).addEventListener("input", (event) => {
      const value = CURVES[curve].value(event.target.valueAsNumber);
      set(side, {[key]: Number((Math.round(value / step) * step).toPrecision(6)) * factor || 0});
    });
    $(`${side}-${key}-slider`).addEventListener("keydown", (event) => {  // even steps where the slider is not
      const steps = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
      if (!steps || curve === "even") return;
      event.preventDefault();
      const value = state[side][key] / factor, size = Math.max(step, 10 ** Math.floor(Math.log10(Math.abs(value) || 1)) / 2);
      set(side, {[key]: Math.min(Math.max(Math.round(value / step) * step + steps * Math.max(Math.round(size / step), 1) * step, min), max) * factor});
    });
  }
  $(`${side}-camera`).addEventListener("change", (event) => set(side, {camera: event.target.value}));
}

function begin() {
  makeCard($("trained"), "train");
  makeCard($("tested"), "test");
  $("specimen").innerHTML = SPECIMENS.map((_, i) => `<option value="${i}">${i + 1}</option>`).join("");
  $("specimen").addEventListener("change", (event) => change({...state, specimen: Number(event.target.value)}));
  $("noise").addEventListener("change", (event) => change({...state, noise: event.target.checked}));
  $("seed").addEventListener("input", (event) => {
    if (/^\d{1,6}$/.test(event.target.value)) change({...state, seed: Number(event.target.value)});
  });
  $("swap").addEventListener("click", () => change({...state, train: state.test, test: state.train}));
  $("reset").addEventListener("click", () => change(start()));
  for (const one of document.querySelectorAll("input[name=form]")) one.addEventListener("change", show);
  $("copy").addEventListener("click", async () => {
    try { await navigator.clipboard.writeText($("code").textContent); $("copied").textContent = "copied"; }
    catch { getSelection().selectAllChildren($("code")); $("copied").textContent = "selected: press Ctrl+C"; }
    setTimeout(() => { $("copied").textContent = ""; }, 2500);
  });
  addEventListener("resize", () => drawTransfer($("plot"), state.train, state.test));
  addEventListener("hashchange", () => change(stateOf(location.hash.slice(1))));
  change(stateOf(location.hash.slice(1)));
}

begin();
