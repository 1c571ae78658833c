#!/usr/bin/env bash
# Makes the set of edited pictures, looks for copies in it, and prints the tables of docs/duplicates.md:
#
#   scripts/bench-dupes.sh [BASES [ALIKE]]      2000 pictures, each edited 23 times, and 300 sets that look alike
#
# Other programs' hashes stand beside clipd's where Python and, for czkawka's, cargo can fetch their packages.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
bases=${1:-2000} alike=${2:-300}
dir=build/dupes
venv=build/venv-dupes
library=$(find build/lib -name 'libonnxruntime.*' | head -1)
[ -n "$library" ] || die "there is no ONNX Runtime in build/lib; run make deps first"
scripts/pyenv.sh bench/dupes/requirements.txt "$root/$venv" "numpy, PIL, pdqhash"
"$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
	--requirement bench/dupes/requirements-alone.txt || skipped imagededup "it could not be installed"
step set "$bases pictures and their edits in $dir"
go run ./bench/dupes -dir "$dir" -bases "$bases" -alike "$alike" make
"$venv/bin/python" bench/dupes/encode.py "$dir"
step peers "hashes by PDQ and imagededup"
if "$venv/bin/python" bench/dupes/peers.py "$dir" >"$dir/peers.part"; then
	mv "$dir/peers.part" "$dir/peers.tsv"
else
	skipped peers "their packages cannot be used here"
fi
if have cargo; then
	step peers "hashes by czkawka's crate"
	(cd bench/dupes/czkawka && CARGO_TARGET_DIR="$root/build/czkawka" cargo build --quiet --release)
	find "$dir" -maxdepth 1 \( -name '*.jpg' -o -name '*.png' -o -name '*.webp' \) |
		build/czkawka/release/czkawka-hashes >"$dir/czkawka.part"
	mv "$dir/czkawka.part" "$dir/czkawka.tsv"
else
	skipped czkawka "there is no cargo"
fi
step clipd "filing and grouping"
go run ./bench/dupes -dir "$dir" -ort-lib "$library" clipd
go run ./bench/dupes -dir "$dir" table
