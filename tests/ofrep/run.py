"""Any OpenFeature SDK can ask Tidegate: the published OFREP providers for Python and for Node, against a real server and a real relay.

Starts `tidegate serve` and, behind it, `tidegate relay`, makes the features that `cases.json` asks for, and has both providers ask
both. `make test-ofrep` runs it in an environment that has the providers.

Usage: run.py [--tidegate BINARY]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import schema

HERE = Path(__file__).resolve().parent
DEADLINE_S = 60


def gate(*rules, **more):
    return {"kind": "gate", "rules": list(rules), **more}


def when(rule, attribute, op, value):
    return {"id": rule, "if": {"attribute": attribute, "op": op, "value": value}, "variant": "on"}


def config(value, variant):
    return {"kind": "config", "variants": {variant: value}, "default": variant}


TESTER = {"all": [
    {"attribute": "age", "op": "gte", "value": 18},
    {"attribute": "groups", "op": "contains_any", "value": ["beta"]},
]}
FEATURES = {
    "checkout": gate(
        when("staff", "email", "ends_with", "@corp.example"),
        when("vip", "user_id", "eq", "u-vip"),
        {"id": "grown-up-tester", "if": TESTER, "variant": "on"},
    ),
    "elsewhere": gate(environments={"dev": {"default": "on"}}),
    "share": gate({"id": "most", "rollout": {"percent": 99.9999}, "variant": "on"}),
    "disabled": gate(enabled=False),
    "killed": gate({"id": "everyone", "variant": "on"}),
    "theme": {
        "kind": "config", "variants": {"light": "light", "dark": "dark"}, "default": "light",
        "rules": [{"id": "pro", "if": {"attribute": "plan", "op": "eq", "value": "pro"}, "variant": "dark"}],
    },
    "seats": config(25, "many"),
    "ratio": config(0.75, "high"),
    "banner": config({"text": "Hé!", "sizes": [1, 2.5], "on": True}, "summer"),
}


class Process:
    """A server; its first lines say where it listens."""

    def __init__(self, command, log, env):
        self.log = log
        with open(log, "wb") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, env=env, text=True)
        self.url = self.line("listening on ")

    def line(self, prefix):
        for line in self.process.stdout:
            if line.startswith(prefix):
                return line.removeprefix(prefix).strip()
        raise SystemExit(f"{prefix!r} was not said:\n{Path(self.log).read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def call(url, token, method, path, body):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1{path}", json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.read().decode()}") from None


def set_up(url, token):
    """What the cases ask for."""
    for name in ("dev", "prod"):
        call(url, token, "POST", "/environments", {"name": name, "production": name == "prod"})
    for key, definition in FEATURES.items():
        call(url, token, "POST", "/features", {"key": key, "definition": definition})
    call(url, token, "POST", "/features/killed/kill", {"environment": "prod", "reason": "a test"})
    call(url, token, "POST", "/features", {"key": "launch", "definition": gate()})
    phases = [{"id": "all", "target": [{"environments": ["prod", "dev"]}], "bake_s": 3600}]
    draft = call(url, token, "POST", "/pipelines", {"key": "slow", "body": {"phases": phases}})
    call(url, token, "POST", "/pipelines/slow/publish", {"base_revision": draft["revision"]})
    call(url, token, "PUT", "/features/launch/pipeline", {"pipeline": "slow"})
    candidate = gate({"id": "everyone", "variant": "on"})
    call(url, token, "PUT", "/features/launch", {"definition": candidate, "base_revision": 1})


def wait_for(url, key, flag, value):
    """A change has come through when it is answered."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        status, _, body = schema.ask(url, key, f"{schema.FLAGS}/{flag}", {"context": {}})
        if status == 200 and json.loads(body)["value"] == value:
            return
        time.sleep(0.05)
    raise SystemExit(f"{url}: `{flag}` is not {value} after {DEADLINE_S} s: {status} {body!r}")


def ask_all(url, key):
    subprocess.run([sys.executable, HERE / "providers.py", url, key], check=True)
    subprocess.run(["node", HERE / "providers.mjs", url, key], check=True)
    flags = [*FEATURES, "launch"]
    print(f"schema: {schema.check(url, key, flags)} answers")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidegate", default=HERE.parents[1] / "target" / "debug" / "tidegate", type=Path)
    tidegate = parser.parse_args().tidegate.resolve()
    env = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    env.setdefault("RUST_LOG", "warn")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = ["--store", f"sqlite:{folder}/tidegate.db"]
        server = Process([tidegate, "serve", "--listen", "127.0.0.1:0", *store], f"{folder}/server.log", env)
        stack.callback(server.stop)
        token = call(server.url, server.line("one-time admin token: "), "POST", "/tokens", {})["secret"]
        set_up(server.url, token)

        def connection():
            command = [tidegate, "sdk-key", "new", "--env", "prod"]
            own = {**env, "TIDEGATE_SERVER": server.url, "TIDEGATE_TOKEN": token}
            return subprocess.run(command, env=own, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

        key = re.search("tgs_[0-9a-f]{64}", connection())[0]
        relay_env = {**env, "TIDEGATE_UPSTREAM": connection()}
        relay = Process([tidegate, "relay", "--listen", "127.0.0.1:0"], f"{folder}/relay.log", relay_env)
        stack.callback(relay.stop)
        for name, url in (("server", server.url), ("relay", relay.url)):
            print(f"-- {name}", flush=True)
            wait_for(url, key, "launch", True)
            ask_all(url, key)
        revision = call(server.url, token, "PUT", "/features/theme", {
            "definition": config("blue", "blue"), "base_revision": 1})
        assert revision
        for url in (server.url, relay.url):
            wait_for(url, key, "theme", "blue")
        print("a change came through both")


if __name__ == "__main__":
    main()
