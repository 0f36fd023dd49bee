// The settings as text that the package understands: Python, command lines, a recipe.

"use strict";

/** A number without the rounding of binary fractions. */
const short = (value) => String(Number(value.toPrecision(9)));
/** A number that Python reads as a float. */
const float = (value) => /[.e]/.test(short(value)) ? short(value) : `${short(value)}.0`;

/** The settings of a condition that are not 0, in the package's units: [name, number]. */
function settingsOf(c) {
  const all = [["defocus", -c.C10 || 0], ["C30", c.C30], ["C12", c.C12], ["phi12", c.C12 ? c.phi12 : 0],
    ["focal_spread", c.focal_spread], ["angular_spread", c.angular_spread], ["dose", c.dose]];
  return all.filter(([name, value]) => value || name === "defocus");
}

function asPython({train, test, seed, specimen}) {
  const condition = (c) => `hb.Condition(${settingsOf(c).map(([name, value]) => `${name}=${float(value)}`).join(", ")})`;
  const counting = train.camera === "ideal" && test.camera === "ideal";
  const loss = counting
    ? [`print("loss", hb.expected_loss(train, test, ${JSON.stringify(DATA.kind)}))`]
    : [`pair = exposure(train, camera("${train.camera}")), exposure(test, camera("${test.camera}"))`,
       `print("loss", foretold(*pair, RingPowers(specimens, loaded().settings)).loss.value)`];
  const names = counting ? "specimens_of" : "RingPowers, exposure, foretold, loaded, specimens_of";
  return [
    "import hrtem_bench as hb", "from hrtem_bench.imaging import camera", `from hrtem_bench.observer import ${names}`, "",
    `train = ${condition(train)}`, `test = ${condition(test)}`, "",
    `print("ε", hb.epsilon(train), hb.epsilon(test))`,
    `print("σ", hb.sigma(train, test), "coverage", hb.coverage(train, test))`, "",
    `specimens = specimens_of(${JSON.stringify(DATA.kind)})`, ...loss, "",
    `one = list(specimens.read())[${specimen}]`,
    "image = hb.render(",
    `    one.wave, test, pixel_size=one.field / len(one.wave), output_pixel_size=${short(DATA.field / DATA.pixels)},`,
    `    zero_focus=one.zero_focus, detector=camera("${test.camera}"), seed=${seed},`,
    ")", "",
  ].join("\n");
}

function asShell({train, test}) {
  const text = (c) => settingsOf(c).map(([name, value]) => `${name}=${short(value)}`).join(",");
  const [first, second] = [train, test].map((c) => `${text(c)},camera=${c.camera}`);
  return [
    `hrtem-bench transfer --train ${text(train)} \\`, `    --test ${text(test)}`, "",
    `hrtem-bench predict-shift --data "${DATA.kind}" --train ${first} \\`, `    --test ${second}`, "",
  ].join("\n");
}

/** Axes that a track may move: setting -> [axis, unit, units in one of the package's]. */
const AXES = {
  C10: ["defocus", "nm", -10], C30: ["spherical_aberration", "µm", 1e4], C12: ["astigmatism", "nm", 10],
  focal_spread: ["focal_spread", "Å", 1], angular_spread: ["angular_spread", "mrad", 1], dose: ["dose", "e/Å²", 1],
};

/** A recipe of images like these: one track over the setting that differs. */
function asRecipe({train, test}) {
  const differing = [...Object.keys(AXES), "phi12", "camera"].filter((key) => train[key] !== test[key]);
  const whole = differing.length < 2 && (differing.length === 0 || differing[0] in AXES);
  const moved = whole && differing.length ? differing[0] : "C10", [axis, unit, factor] = AXES[moved];
  const values = [...new Set((whole ? [train, test] : [train]).map((c) => short(c[moved] / factor || 0)))];
  const imaging = settingsOf(train).filter(([name]) => name !== "defocus").concat([["C10", train.C10]]);
  return [
    'name = "explored"', 'version = "1.0.0"', "seed = 1",
    'description = "CdSe particles on amorphous carbon, imaged as set in the explorer."',
    `default_track = "${axis}"`, "",
    "[sampling]", "pixels = 256", "pixel_size = 0.4             # Å", "simulation_pixel_size = 0.2  # Å", "",
    "[structures]", "train = 20", "validation = 4", "test = 10", "",
    "[scene]", 'lattices = ["CdSe"]', "diameter = [30, 50]          # Å", "",
    "[multislice]", "phonons = 3", 'method = "real-space"', "",
    "[exit_waves]                 # kept, so that evaluate-rendered can image them at any other condition",
    "structures = { train = 20, validation = 4, test = 10 }", "",
    "[imaging]                    # Å, mrad, electrons per Å²", "energy = 300e3", 'coherence = "quadrature"',
    ...imaging.map(([name, value]) => `${name} = ${float(value)}`), "",
    "[detector]", `camera = "${train.camera}"`, ...(DATA.cameras[train.camera].read_noise ? ["offset = 100"] : []), "",
    ...(whole ? [] : [`# The test condition differs in ${differing.join(", ")}: use evaluate-rendered there.`]),
    `[tracks.${axis}]`, 'kind = "scan"', `axis = "${axis}"`, `unit = "${unit}"`,
    `values = [${values.join(", ")}]`, `train = [${values[0]}]`, "",
  ].join("\n");
}
