#!/usr/bin/env bash
# Judges the sandbox with clients that nobody here wrote: boto3 and the AWS command line, in clients.py.
#
#   cargo build && tests/sandbox/run.sh [what clients.py takes, --only rds for one]
#
# The world is a new one in a scratch directory, with the repository's stack.yaml, and is reset at the end.
# CRUDDUR_INFRA_BINARY names another program, PYTHON_ENV an environment that has boto3 and awscli already.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh

binary=$(realpath "$(built_binary)")
scratch=$(mktemp -d)
server=
cleanup() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    # where the script was cut short, the databases must not outlive their directory
    (cd "$scratch" && timeout 120 "$binary" sandbox reset >/dev/null 2>&1)
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

python_env "$scratch/env" boto3 awscli
cp stack.yaml "$scratch/"
cd "$scratch"
# slower than by default: what happens "while creating" must be asked for in time on a busy machine as well
"$binary" --sandbox-speed 20 sandbox serve >serve.out 2>serve.err </dev/null &
server=$!
endpoint=
for _ in $(seq 600); do
    endpoint=$(sed -n 's/^AWS: //p' serve.out)
    [ -n "$endpoint" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$endpoint" ]; then
    cat serve.out serve.err
    echo "the sandbox did not come up"
    exit 1
fi

status=0
"$PYTHON" "$OLDPWD/tests/sandbox/clients.py" "$endpoint" --patience 300 "$@" | tee clients.out || status=1
# a part that was left out is no part that passed
if grep -q 'left out$' clients.out; then
    echo "the AWS command line is not there"
    status=1
fi

# Ctrl-C's little brother: it ends well, and what is up no longer says so
kill -TERM "$server"
ended=0
wait "$server" || ended=$?
server=
if [ "$ended" -ne 0 ]; then
    cat serve.err
    echo "sandbox serve ended with $ended"
    status=1
fi
"$binary" sandbox status | tee status.out
if ! grep -q '^not up' status.out; then
    echo "the sandbox is still up"
    status=1
fi
"$binary" sandbox reset || status=1
if [ -d .cruddur/sandbox/stack.yaml ]; then
    echo "sandbox reset left $(find .cruddur | wc -l) files"
    status=1
fi
exit $status
