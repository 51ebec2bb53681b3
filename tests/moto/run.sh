#!/usr/bin/env bash
# The independent second stage: the built program against moto. What it checks stands in stage.py.
#
#   cargo build && tests/moto/run.sh [--keep]
#
# CRUDDUR_INFRA_BINARY names another program, PYTHON_ENV an environment that has moto and boto3 already.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python_env "$scratch/env" 'moto[server]' boto3
"$PYTHON" tests/moto/stage.py --binary "$(built_binary)" "$@"
