#!/usr/bin/env bash
# Installs what some tests start by themselves: Prometheus (guards), PostgreSQL 15 (the store), faketime (clocks that are wrong), and CMake,
# pkg-config and Valgrind (the C library). As root on Debian, and only what is missing; elsewhere it says which tests will skip.
# No service is left running: the tests start their own, on free ports.
set -euo pipefail

has_prometheus() { command -v prometheus >/dev/null 2>&1; }
has_postgres() { [[ -x /usr/lib/postgresql/15/bin/initdb ]] || { command -v initdb && command -v postgres; } >/dev/null 2>&1; }
has_faketime() { command -v faketime >/dev/null 2>&1; }
has() { command -v "$1" >/dev/null 2>&1; }

missing=()
has_prometheus || missing+=(prometheus)
has_postgres || missing+=(postgresql-15)
has_faketime || missing+=(faketime)
for tool in cmake pkg-config valgrind; do has "$tool" || missing+=("$tool"); done

if ((${#missing[@]})) && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null 2>&1; then
    # policy-rc.d: 101 = packages may not start their services.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # Nor does PostgreSQL make a cluster.
    if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update && apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "ci_services: ${missing[*]} could not be installed" >&2
    fi
    rm -f "$log"
fi

if has_prometheus; then prometheus --version 2>&1 | head -n 1; else echo 'ci_services: no prometheus: the tests of pulled guards will skip' >&2; fi
if has_postgres; then echo 'postgresql 15: present'; else echo 'ci_services: no PostgreSQL: its tests will skip, unless TIDEGATE_TEST_PG names one' >&2; fi
if has_faketime; then echo 'faketime: present'; else echo 'ci_services: no faketime: the test of a wrong clock will skip' >&2; fi
for tool in cmake pkg-config valgrind; do
    if has "$tool"; then echo "$tool: present"; else echo "ci_services: no $tool: tests of the C library will skip, or fail with TIDEGATE_REQUIRE_TOOLS=1" >&2; fi
done
