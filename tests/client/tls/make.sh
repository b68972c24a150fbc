#!/bin/sh
# Makes the certificates of these tests anew: an authority, a server of `localhost` and 127.0.0.1, one of another name.
set -eu
cd "$(dirname "$0")"
curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500'
openssl req -x509 $curve -keyout authority.key -out authority.pem -subj '/CN=authority of tests' \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
sign() {
  openssl req -x509 $curve -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -CA authority.pem -CAkey authority.key \
    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth -addext "subjectAltName=$2"
}
sign server DNS:localhost,IP:127.0.0.1
sign other DNS:other.example
# Nothing else is ever signed by it.
rm authority.key
