#!/usr/bin/env bash
# Makes the set of edited pictures, looks for copies in it, and prints the tables of docs/duplicates.md:
#
#   scripts/bench-dupes.sh [BASES [ALIKE]]      2000 pictures, each edited 23 times, and 300 sets that look alike
#
# What is there already is not made again: broken off, it goes on where it was. A set of another size lies in another folder.
# Other programs' hashes stand beside clipd's where Python and, for czkawka's, cargo can fetch their packages.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
bases=${1:-2000} alike=${2:-300}
dir=build/dupes/$bases-$alike
venv=build/venv-dupes
library=$(find build/lib -name 'libonnxruntime.*' | head -1)
[ -n "$library" ] || die "there is no ONNX Runtime in build/lib; run make deps first"
go build -o build/dupes-bench ./bench/dupes
scripts/pyenv.sh bench/dupes/requirements.txt "$root/$venv" "numpy, PIL, scipy, Cython"
alone=bench/dupes/requirements-alone.txt
if ! matches "$alone" "$(cat "$venv/alone.sha256" 2>/dev/null)"; then
	step peers "imagededup and pdqhash, which is built where there is no package of it for this Python"
	if "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --no-build-isolation \
		--requirement "$alone"; then
		sha 256 "$alone" >"$venv/alone.sha256"
	else
		skipped peers "imagededup or pdqhash could not be installed (is there a C++ compiler?)"
	fi
fi
step set "$bases pictures and their edits in $dir"
build/dupes-bench -dir "$dir" -bases "$bases" -alike "$alike" make
"$venv/bin/python" bench/dupes/encode.py "$dir"
step peers "hashes by PDQ and imagededup"
if [ -e "$venv/alone.sha256" ]; then
	[ "$dir/peers.tsv" -nt "$dir/manifest.json" ] || {
		"$venv/bin/python" bench/dupes/peers.py "$dir" "$dir/peers.part"
		mv "$dir/peers.part" "$dir/peers.tsv"
	}
else
	skipped peers "their packages cannot be used here"
fi
if have cargo; then
	step peers "hashes by czkawka's crate"
	(cd bench/dupes/czkawka && CARGO_TARGET_DIR="$root/build/czkawka" cargo build --quiet --release)
	[ "$dir/czkawka.tsv" -nt "$dir/manifest.json" ] || {
		find "$dir" -maxdepth 1 \( -name '*.jpg' -o -name '*.png' -o -name '*.webp' \) | sort |
			build/czkawka/release/czkawka-hashes >"$dir/czkawka.part"
		mv "$dir/czkawka.part" "$dir/czkawka.tsv"
	}
else
	skipped czkawka "there is no cargo"
fi
step clipd "filing and grouping"
build/dupes-bench -dir "$dir" -ort-lib "$library" clipd
build/dupes-bench -dir "$dir" table | tee "$dir/table.md"
step tables "also in $dir/table.md"
