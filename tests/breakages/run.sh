#!/usr/bin/env bash
# Breaks the program on purpose, and sees whether the tests notice. See run.py.
set -euo pipefail
exec python3 "$(dirname "$0")/run.py" "$@"
