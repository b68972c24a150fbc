#!/usr/bin/env bash
# Asks a fresh server everything that its OpenAPI document allows, and much that it does not; a 5xx fails. Needs Python, and the network
# once, for schemathesis itself.
#
#   EXAMPLES=20        how many requests an operation gets, at most, besides the systematic ones
#   SEED=1             the same requests again
#   TIDEGATE=path      the binary to ask; else it is built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

examples=${EXAMPLES:-20}
seed=${SEED:-$RANDOM}
base=target/schemathesis
mkdir -p "$base"

if [[ ! -e $base/venv/ready || scripts/schemathesis_requirements.txt -nt $base/venv/ready ]]; then
    "${PYTHON:-python3}" -m venv "$base/venv"
    "$base/venv/bin/pip" install --quiet --requirement scripts/schemathesis_requirements.txt
    touch "$base/venv/ready"
fi

if [[ -z ${TIDEGATE:-} ]]; then
    "${CARGO:-cargo}" build ${LOCKED:-} --package tidegate-cli --bin tidegate
    TIDEGATE=target/debug/tidegate
fi

run=$(mktemp -d "$base/run.XXXXXX")
server=
stop() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$run"
}
trap stop EXIT

RUST_LOG=${RUST_LOG:-error} "$TIDEGATE" serve --listen 127.0.0.1:0 --store "sqlite:$run/tidegate.db" >"$run/out" 2>"$run/log" &
server=$!
for _ in $(seq 100); do
    grep -q 'one-time admin token' "$run/out" && break
    kill -0 "$server" || { cat "$run/log" >&2; exit 1; }
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$run/out")
once=$(sed -n 's/^one-time admin token: //p' "$run/out")

# Things to ask about; their names are the parameters of the paths.
"$base/venv/bin/python" - "$url" "$once" "$run" <<'PYTHON'
import json, sys, urllib.request

url, once, run = sys.argv[1:]
token = once


def call(method, path, body):
    data = json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


token = call("POST", "/tokens", {})["secret"]
for name, production in (("dev", False), ("prod", True)):
    call("POST", "/environments", {"name": name, "production": production})
call("PUT", "/attributes/country", {"type": "string"})
call("PUT", "/exclusion-groups/group", {"ranges": {}})
call("POST", "/principals", {"id": "ana", "kind": "person", "grants": [{"role": "viewer"}]})
other = call("POST", "/tokens", {"principal": "ana"})["key"]
hook = call("POST", "/webhooks", {"url": "http://127.0.0.1:9/", "disabled": True})["key"]
draft = call("POST", "/pipelines", {"key": "careful", "body": {"phases": [{
    "id": "all", "entry": {"approvals": {"count": 1}}, "bake_s": 60, "guards": [{"id": "errors"}]}]}})
call("POST", "/pipelines/careful/publish", {"base_revision": draft["revision"]})
call("POST", "/pipelines", {"key": "draft", "body": {"phases": [{"id": "all"}]}})
gate = {"kind": "gate", "enabled": True}
call("POST", "/features", {"key": "plain", "definition": gate})
call("POST", "/segments", {"key": "staff", "definition": {"if": {"attribute": "country", "op": "eq", "value": "US"}}})
release = call("POST", "/features", {"key": "attached", "definition": gate, "pipeline": "careful"})["release"]["key"]
later = {"definition": {"kind": "gate"}, "base_revision": 1, "start": {"at": 4_000_000_000_000}}
schedule = call("PUT", "/features/plain", later)["key"]

parameters = {
    "path.key": ["plain", "attached", "staff", "careful", "draft", "group", "none"],
    "path.name": ["dev", "prod", "country", "none"],
    "path.id": [release, other, hook, schedule, "ana", "none"],
    "path.release": [release, "none"],
    "path.environment": ["dev", "prod", "none"],
    "path.feature": ["plain", "attached", "none"],
    "path.guard": ["errors", "none"],
    "path.version": ["1", "2", "x"],
    "path.seq": ["1", "999", "x"],
}
with open(f"{run}/schemathesis.toml", "w") as file:
    file.write("[parameters]\n")
    for name, values in parameters.items():
        file.write(f"{json.dumps(name)} = {json.dumps(values)}\n")
with open(f"{run}/token", "w") as file:
    file.write(token)
PYTHON

# The stream of events does not end.
"$base/venv/bin/schemathesis" --config-file "$run/schemathesis.toml" run "$url/api/v1/openapi.json" \
    --header "Authorization: Bearer $(cat "$run/token")" --exclude-path /api/v1/events \
    --checks not_a_server_error --phases examples,coverage,fuzzing --max-examples "$examples" --seed "$seed" \
    --request-timeout 30 --suppress-health-check all --no-color --output-sanitize true
kill -0 "$server"
