# Sourced by the stages that need Python packages: makes an environment of its own for them.
#
#   python_env DIRECTORY PACKAGE…    sets PYTHON to a python that has the packages
#
# PYTHON_ENV, where it is set, names an environment that has them already (.ci/run makes one for all stages).

python_env() {
    local dir=$1
    shift
    if [ -n "${PYTHON_ENV:-}" ]; then
        PYTHON=$PYTHON_ENV/bin/python
        [ -x "$PYTHON" ] && return 0
        echo "PYTHON_ENV=$PYTHON_ENV has no bin/python" >&2
        return 1
    fi
    # Debian's python3 can be there without python3-venv; then packages go into a directory of their own
    if python3 -m venv "$dir" >"$dir.log" 2>&1; then
        PYTHON=$dir/bin/python
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input "$@" || return 1
    elif python3 -m pip --version >/dev/null 2>&1; then
        rm -rf "$dir"
        mkdir -p "$dir/bin" "$dir/packages"
        python3 -m pip install --quiet --disable-pip-version-check --no-input --target "$dir/packages" "$@" || return 1
        printf '#!/bin/sh\nPYTHONPATH=%s${PYTHONPATH:+:$PYTHONPATH} exec python3 "$@"\n' "$dir/packages" >"$dir/bin/python"
        chmod +x "$dir/bin/python"
        PYTHON=$dir/bin/python
    else
        cat "$dir.log" >&2
        echo "python3 has neither venv nor pip: apt-get install python3-venv" >&2
        return 1
    fi
}

# Prints where cargo put the program.
built_binary() {
    echo "${CRUDDUR_INFRA_BINARY:-${CARGO_TARGET_DIR:-target}/debug/cruddur-infra}"
}
