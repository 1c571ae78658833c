#!/usr/bin/env bash
# Holds decoding and resizing against Pillow on pictures made on the spot, which nobody keeps: every kind of JPEG, PNG,
# WebP, GIF, BMP, TIFF, HEIC and AVIF at the edges of sizes, then random ones, 1 to 5,000 pixels a side. Minutes of work.
#
#   CLIPD_WIDE_CASES=10000 CLIPD_WIDE_SEED=7 scripts/wide.sh
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Pillow 13 resizes in another order, which moves some samples by one level; see preprocess/resample.go.
packages=(pillow==11.3.0 numpy==2.4.6 simplejpeg==1.9.0 pillow-heif==1.8.1)
venv=$root/build/venv-wide
if [ "$(cat "$venv/packages" 2>/dev/null)" != "${packages[*]}" ]; then
	have python3 || die "python3 is missing; it runs the Pillow to compare with"
	step wide "making build/venv-wide with ${packages[*]}"
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/python" -m pip --disable-pip-version-check --quiet install --only-binary :all: "${packages[@]}"
	echo "${packages[*]}" >"$venv/packages"
fi
step wide "${CLIPD_WIDE_CASES:-1600} pictures, and the edges of sizes, beside Pillow"
cd "$root"
CLIPD_WIDE_PYTHON=$venv/bin/python go test -count 1 -timeout 2h -run '^TestWide$' -v ./preprocess
