#!/usr/bin/env bash
# Makes docs/images from the demo: it is indexed and served from a data directory of its own, and Chromium looks at it.
# The pictures are reduced to 256 colours, so that the repository stays small.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
most=300000 # bytes of one picture
work=$(mktemp -d)
server=
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap clean EXIT

python=${CLIPD_PYTHON:-$root/build/venv/bin/python}
"$python" -c 'import PIL' 2>/dev/null || die "no Python with Pillow at $python; \`make pyenv\` makes one"

bin/clipd demo --data "$work/data" --addr 127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
address=
for _ in $(seq 600); do
	address=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9]*\) is ready.*|\1|p' "$work/log")
	[ -z "$address" ] || break
	kill -0 "$server" 2>/dev/null || die "the demo did not start: $(cat "$work/log")"
	sleep 0.2
done
[ -n "$address" ] || die "the demo was not ready in two minutes"

CLIPD_PAGE=$address CLIPD_SCREENSHOTS=$work go test -count 1 -run '^TestScreenshots$/^desktop-light$' ./api/ui
mkdir -p docs/images
for view in search duplicates; do
	"$python" - "$work/$view-desktop-light.png" "docs/images/$view.png" <<-'PY'
		import sys
		from PIL import Image
		picture = Image.open(sys.argv[1]).convert("RGB")
		picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(sys.argv[2], optimize=True)
	PY
	bytes=$(wc -c <"docs/images/$view.png")
	[ "$bytes" -le "$most" ] || die "docs/images/$view.png has $bytes bytes; at most $most"
	step screenshots "docs/images/$view.png, $bytes bytes"
done
