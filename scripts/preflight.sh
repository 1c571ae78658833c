#!/usr/bin/env bash
# Checks the tools that the set-up needs, all at once, and says which are missing and how each is installed.
# What is built already needs no tools any more.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

go_wanted=$(awk '$1 == "go" { print $2 }' "$root/go.mod")
cargo_wanted=1.78 # Cargo.lock of the tokenizers is of version 4

rows=() missing=() found=()

# note TOOL VERSION WHY: the tool is there; WHY is what it is for when it is missing (VERSION is then empty).
note() {
	if [ -n "$2" ]; then
		found+=("$1 $2")
		rows+=("$(printf '  %s%-8s%s %s' "$green" "$1" "$plain" "$2")")
	else
		missing+=("$1")
		rows+=("$(printf '  %s%-8s%s %s' "$red" "$1" "$plain" "$3")")
	fi
}

check_go() {
	local version=
	# In the module's folder, where a Go of 1.21 or later fetches the toolchain that go.mod asks for.
	if have go; then version=$(cd "$root" && go env GOVERSION 2>/dev/null | sed 's/^go//' | cut -d' ' -f1) || version=; fi
	if [ -n "$version" ] && at_least "$version" "$go_wanted"; then
		note go "$version"
	else
		if have go; then version=$(cd / && go version | awk '{ sub("go", "", $3); print $3 }') || version=; fi
		note go "" "missing${version:+ (found $version, which is too old)}: version $go_wanted or later compiles clipd"
	fi
}

# The C++ library is linked by the tokenizers; a C compiler alone lacks it.
check_compiler() {
	local cc=${CC:-cc} cxx=${CXX:-c++} name
	have "$cc" || cc=gcc
	have "$cxx" || cxx=g++
	if have "$cc" && have "$cxx" && echo 'int main() { return 0; }' | "$cxx" -x c++ - -lstdc++ -o /dev/null 2>/dev/null; then
		name=$("$cc" --version 2>/dev/null | head -n 1)
		note cc "$name"
	else
		note cc "" "missing: a C and C++ compiler links clipd with the tokenizers"
	fi
}

check_cargo() {
	if "$root/scripts/tokenizers.sh" --ready; then return; fi
	local version=
	if have cargo; then version=$(cargo --version 2>/dev/null | awk '{ print $2 }') || version=; fi
	if [ -n "$version" ] && at_least "$version" "$cargo_wanted"; then
		note cargo "$version"
	else
		note cargo "" "missing${version:+ (found $version, which is too old)}: version $cargo_wanted or later builds the tokenizers"
	fi
}

check_fetcher() {
	if [ -n "${CLIPD_ORT_LIB:-}" ] || "$root/scripts/onnxruntime.sh" --ready; then return; fi
	local pip
	if find_pip; then
		note pip "$("${pip[@]}" --version 2>/dev/null | awk '{ print $2 }')"
	elif have npm; then
		note npm "$(npm --version 2>/dev/null)"
	else
		note pip "" "missing, and npm too: one of both fetches the ONNX Runtime library"
	fi
}

# package SYSTEM TOOL: what the tool's package is called there.
package() {
	case "$1/$2" in
	debian/cc) echo build-essential ;;
	debian/go) echo golang ;;
	debian/cargo) echo rustup ;;
	debian/pip) echo python3-pip ;;
	fedora/cc) echo gcc gcc-c++ ;;
	fedora/go) echo golang ;;
	fedora/cargo) echo cargo ;;
	fedora/pip) echo python3-pip ;;
	macos/go) echo go ;;
	macos/cargo) echo rust ;;
	macos/pip) echo python ;;
	esac
}

# remedy SYSTEM LABEL COMMAND: one line that installs all that is missing.
remedy() {
	local tool names=()
	# shellcheck disable=SC2207
	for tool in "${missing[@]}"; do
		names+=($(package "$1" "$tool")) # one word a package; none where the system has it by other ways
	done
	[ "${#names[@]}" -eq 0 ] || printf '  %-15s %s %s\n' "$2" "$3" "${names[*]}"
}

remedies() {
	echo "Install what is missing, then run the same command again:"
	remedy debian "Debian, Ubuntu" "sudo apt-get install"
	remedy fedora Fedora "sudo dnf install"
	remedy macos macOS "brew install"
	local tool
	for tool in "${missing[@]}"; do
		case $tool in
		cc) printf '  %-15s %s\n' "macOS" "xcode-select --install   (the compiler)" ;;
		go) echo "  Where the packaged Go is older than 1.21, take the one of go.dev/dl: it fetches version $go_wanted by itself." ;;
		cargo) echo "  rustup needs \`rustup default stable\` once; where there is no rustup package, see rust-lang.org/tools/install." ;;
		esac
	done
	if [ -f /etc/alpine-release ]; then
		echo "  Alpine: ONNX Runtime is built for glibc only; use the Dockerfile, or a glibc system."
	fi
}

check_go
check_compiler
check_cargo
check_fetcher

if [ "${#missing[@]}" -eq 0 ]; then
	list=$(printf '%s, ' "${found[@]}")
	step tools "${list%, }"
	exit 0
fi
step tools "some are missing"
printf '%s\n' "${rows[@]}"
echo
remedies
exit 1
