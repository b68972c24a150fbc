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

# The runtime is that of the compiler of Rust: an older one of the C compiler lacks what it calls.
runtime=$sysroot/lib/rustlib/$target/lib/librustc-nightly_rt.tsan.a
link() {
    cc -std=gnu99 -g -O1 -fsanitize=thread -Wall -Wextra -Werror -I "$here/include" -I "$here/tests/c" -c "$1" -o "$out/$2.o"
    cc "$out/$2.o" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
        "$out/$target/release-c/libtidegate_c.a" -lm -ldl -lrt -pthread -o "$out/$2"
}
export TSAN_OPTIONS='halt_on_error=1 exitcode=66'

# A sanitizer that sees no race says nothing about one.
cat >"$out/race.c" <<'END'
#include <pthread.h>
#include <stddef.h>
static int number;
static void *add(void *unused) {
    (void)unused;
    for (int i = 0; i < 100000; i++)
        number++;
    return NULL;
}
int main(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, add, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
END
link "$out/race.c" race
if "$out/race" 2>/dev/null; then
    echo 'error: ThreadSanitizer does not see a race' >&2
    exit 1
fi

link "$here/tests/c/threads.c" threads
"$out/threads"
echo 'threads: no report'
