#!/usr/bin/env bash
# What a user gets: build the package, install the wheel alone, without constraints, into an empty
# environment, and answer a text. `PYTHON=python3.12 scripts/check_wheel.sh`; some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/build"
"$folder/build/bin/pip" install -q build twine
"$folder/build/bin/python" -m build -q --outdir "$folder/dist"
"$folder/build/bin/twine" check --strict "$folder"/dist/*
"${PYTHON:-python3}" -m venv "$folder/use"
"$folder/use/bin/pip" install -q "$folder"/dist/*.whl
cd "$folder"
use/bin/neural-emojis answer "lost my bag"
