#!/bin/sh
# What docs/tutorials/gallery.md shows, made anew: `sh examples/practice.sh [PICTURES]`.
# Everything goes into practice/, what each command prints into practice/*.txt, and the pictures into PICTURES.
set -eu
here=$(dirname "$0")
pictures=${1:-practice/pictures}
mkdir -p practice "$pictures"

said() { # said NAME COMMAND...: run a command and keep what it prints
    name=$1
    shift
    "$@" >"practice/$name.txt"
}

hrtem-bench generate "$here/practice.toml" --out practice/truth
python "$here/as_micrographs.py" practice/truth practice
said describe hrtem-bench describe practice/images --energy 300kV --crystal Au --out practice/described
said imitate hrtem-bench imitate practice/images --crystal Au --energy 300kV --structures 24 --out practice/recipe.toml
said generate hrtem-bench generate practice/recipe.toml --out practice/data
said train hrtem-bench train unet_small --data practice/data --all-conditions --out practice/model
said predict hrtem-bench predict practice/model practice/images --out practice/found
said score hrtem-bench evaluate-images practice/model --images practice/images --labels practice/labels \
    --out practice/scored
said beside hrtem-bench compare-images practice/images practice/data --model practice/model --out practice/beside.png

hrtem-bench show practice/truth --structures 2 --out practice/truth.png
hrtem-bench show practice/data --structures 3 --out practice/data.png
python "$here/small_pictures.py" "$pictures" practice/truth.png practice/data.png practice/beside.png \
    practice/scored/test-00000_overlay.png practice/scored/test-00005_overlay.png
