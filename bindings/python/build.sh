#!/usr/bin/env bash
# Builds the wheel, with the command line in it:  bindings/python/build.sh VENV PROFILE OUT [FEATURES]
#
# VENV has maturin; PROFILE is Cargo's (`dev` for tests: quick to build, slow to run; `release` for what is shipped); OUT is a folder that
# has the wheel, and nothing else, after that.
set -euo pipefail

venv=$1 profile=$2 out=$3 features=${4-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cargo=${CARGO:-cargo}
# shellcheck disable=SC2206
locked=(${LOCKED-})

folder=$profile
[ "$profile" = dev ] && folder=debug
"$cargo" build "${locked[@]}" --manifest-path "$root/Cargo.toml" --profile "$profile" --package tidegate-cli --bin tidegate
# Python's packaging calls them scripts: programs that come to lie beside `python`.
scripts=$root/bindings/python/tidegate.data/scripts
mkdir -p "$scripts"
strip -o "$scripts/tidegate" "$target/$folder/tidegate" 2>/dev/null || cp "$target/$folder/tidegate" "$scripts/tidegate"
chmod 755 "$scripts/tidegate"

rm -rf "$out"
mkdir -p "$out"
"$venv/bin/maturin" build --quiet "${locked[@]}" --manifest-path "$root/bindings/python/Cargo.toml" --profile "$profile" \
    --interpreter "$venv/bin/python" --auditwheel skip --compression-level 1 --out "$out" ${features:+--features "$features"}
