#!/usr/bin/env bash
# Fails where `cargo build` and `cargo test` would compile a crate that the AWS SDKs are built on with different
# features: then every SDK is compiled twice, which doubles the time of a cold run and the size of target/.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
[ -n "$target" ]

# crates that the largest SDK is built on, and itself, as "name version"
below=$(cargo tree --locked -p aws-sdk-ec2 -e normal,build --prefix none -f '{p}' --target "$target" |
    sed 's/ (\*)$//; s/ (.*//' | sort -u)
[ "$(wc -l <<<"$below")" -gt 20 ] || { echo "cargo tree tells nothing of aws-sdk-ec2"; exit 1; }

features() {
    cargo tree --locked -e "$1" -f '{p} {f}' --prefix none --target "$target" |
        sed 's/ (\*)$//; s/ (proc-macro)//' | sort -u
}
features normal,build >"${built:=$(mktemp)}"
features normal,build,dev >"${tested:=$(mktemp)}"
trap 'rm -f "$built" "$tested"' EXIT

differ=$({ diff "$built" "$tested" || true; } | { grep -E '^[<>]' || true; } | while read -r side name version rest; do
    if grep -qxF "${name} ${version}" <<<"$below"; then
        echo "$side $name $version $rest"
    fi
done)
if [ -n "$differ" ]; then
    echo "these are compiled twice, once for the program (<) and once for the tests (>):"
    echo "$differ"
    echo "give the dependency in Cargo.toml the features that the tests' dependencies ask for"
    exit 1
fi
echo "program and tests share one build of all $(wc -l <<<"$below") crates below the SDKs"
