#!/usr/bin/env bash
# Says whether the page's tests have a browser to run in. On a build server (CI=true) it installs Chromium where
# apt-get can; elsewhere it only says how.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

find_browser() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome headless-shell; do
		if have "$name"; then
			step browser "$name is here"
			return 0
		fi
	done
	if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then
		step browser "Google Chrome is here"
		return 0
	fi
	return 1
}

if find_browser; then exit 0; fi
if [ "${CI:-}" = true ] && have apt-get && [ "$(id -u)" = 0 ]; then
	step browser "installing chromium by apt-get"
	if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null &&
		find_browser; then
		exit 0
	fi
fi
skipped browser "no Chromium, so the page's tests will not run; install it (Debian: sudo apt-get install chromium)"
