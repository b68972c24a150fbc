#!/usr/bin/env bash
# Installs the C library: header, shared and static library, pkg-config and CMake package files.
#
#   LIBRARIES=dir install.sh      dir has libtidegate_c.so and libtidegate_c.a
#   DESTDIR=                      is put in front of every path, and written nowhere
#   PREFIX=/usr/local  LIBDIR=$PREFIX/lib  INCLUDEDIR=$PREFIX/include
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

LIBRARIES=${LIBRARIES:?expected the folder of libtidegate_c.so and libtidegate_c.a}
DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
LIBDIR=${LIBDIR:-$PREFIX/lib}
INCLUDEDIR=${INCLUDEDIR:-$PREFIX/include}

of_header() {
    sed -n "s/^#define TG_VERSION_$1 \"\{0,1\}\([0-9.]*\)\"\{0,1\}\$/\1/p" "$here/include/tidegate.h"
}
VERSION=$(of_header TEXT) MAJOR=$(of_header MAJOR) MINOR=$(of_header MINOR)
SONAME=$(readelf -d "$LIBRARIES/libtidegate_c.so" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')
LIB_TO_INCLUDE=$(realpath --canonicalize-missing --relative-to="$LIBDIR" "$INCLUDEDIR")

fill() {
    sed -e "s|@VERSION@|$VERSION|g; s|@MAJOR@|$MAJOR|g; s|@MINOR@|$MINOR|g; s|@SONAME@|$SONAME|g" \
        -e "s|@PREFIX@|$PREFIX|g; s|@LIBDIR@|$LIBDIR|g; s|@INCLUDEDIR@|$INCLUDEDIR|g" \
        -e "s|@LIB_TO_INCLUDE@|$LIB_TO_INCLUDE|g" "$here/$1"
}

lib=$DESTDIR$LIBDIR
install -d "$lib/pkgconfig" "$lib/cmake/Tidegate" "$DESTDIR$INCLUDEDIR"
install -m 644 "$here/include/tidegate.h" "$DESTDIR$INCLUDEDIR/tidegate.h"
install -m 755 "$LIBRARIES/libtidegate_c.so" "$lib/libtidegate.so.$VERSION"
ln -sf "libtidegate.so.$VERSION" "$lib/$SONAME"
ln -sf "$SONAME" "$lib/libtidegate.so"
install -m 644 "$LIBRARIES/libtidegate_c.a" "$lib/libtidegate.a"
fill tidegate.pc.in >"$lib/pkgconfig/tidegate.pc"
fill cmake/TidegateConfig.cmake.in >"$lib/cmake/Tidegate/TidegateConfig.cmake"
fill cmake/TidegateConfigVersion.cmake.in >"$lib/cmake/Tidegate/TidegateConfigVersion.cmake"
