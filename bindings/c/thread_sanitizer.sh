#!/usr/bin/env bash
# Two threads check while a third swaps, with the library and its standard library under ThreadSanitizer.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
target=x86_64-unknown-linux-gnu
out=$project/target/thread-sanitizer

if [ "$(uname -sm)" != 'Linux x86_64' ]; then
    echo 'skipped: ThreadSanitizer is run on Linux x86_64 alone'
    exit 0
fi
if ! sysroot=$(rustc +nightly --print sysroot 2>/dev/null) || [ ! -d "$sysroot/lib/rustlib/src/rust/library" ]; then
    echo 'skipped: no nightly Rust with rust-src here (rustup toolchain install nightly --component rust-src)'
    exit 0
fi

cd "$project"
# An own folder: other flags than those of all else. LTO would hide nothing, and takes long.
RUSTFLAGS='-Zsanitizer=thread' CARGO_PROFILE_RELEASE_C_LTO=off CARGO_PROFILE_RELEASE_C_OVERFLOW_CHECKS=true \
    cargo +nightly rustc -Zbuild-std --target "$target" --target-dir "$out" \
    --profile release-c --package tidegate-c --lib --crate-type staticlib
cc -std=gnu99 -g -O1 -fsanitize=thread -Wall -Wextra -Werror -I "$here/include" -I "$here/tests/c" \
    "$here/tests/c/threads.c" "$out/$target/release-c/libtidegate_c.a" -lm -ldl -lrt -pthread -o "$out/threads"
TSAN_OPTIONS='halt_on_error=1 exitcode=66' "$out/threads"
echo 'threads: no report'
