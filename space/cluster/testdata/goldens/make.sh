#!/usr/bin/env bash
# Makes density.json again: points, and the groups that scikit-learn's HDBSCAN finds in them. The environment is
# build/goldens/cluster, of requirements.txt.
# shellcheck source=../../../../scripts/lib.sh
. "$(dirname "$0")/../../../../scripts/lib.sh"

here=$root/space/cluster/testdata/goldens
venv=$root/build/goldens/cluster
"$root/scripts/pyenv.sh" "$here/requirements.txt" "$venv" "sklearn"
step goldens "groups by density"
"$venv/bin/python" "$here/make.py"
