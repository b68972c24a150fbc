#!/usr/bin/env bash
# Refuses a shared library that is larger, stripped, than the most bytes that it may have: size.sh LIBRARY MOST
set -euo pipefail
most=$2
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$1"
size=$(stat -c %s "$stripped")
echo "$1: $size bytes stripped, at most $most"
[ "$size" -le "$most" ]
