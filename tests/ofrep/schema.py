"""Answers of a server, held against the protocol's own OpenAPI document.

The document is no part of this project: it is looked for in $TIDEGATE_CONFORMANCE (default ../shared/conformance), and where it is
absent, this says so and checks nothing.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "/ofrep/v1/evaluate/flags"


def document():
    folder = Path(os.environ.get("TIDEGATE_CONFORMANCE") or ROOT.parent / "shared" / "conformance")
    path = folder / "ofrep" / "openapi.yaml"
    if not path.exists():
        print(f"schema: skipped, there is no {path}")
        return None
    import yaml

    text = yaml.safe_load(path.read_text("utf-8"))
    # As it stands, no answer fits: `codeDefaultFlag` matches every object, and an integer is a number, so that of the kinds of values
    # more than one always matches. What is meant is that one does.
    success = text["components"]["schemas"]["evaluationSuccess"]["allOf"]
    for part in success:
        if "oneOf" in part:
            part["anyOf"] = part.pop("oneOf")
    return text


def ask(url, key, path, body, headers=()):
    """Status, headers and body of an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    header = {"content-type": "application/json", **dict(headers)}
    if key:
        header["x-api-key"] = key
    request = urllib.request.Request(url + path, data, header, method="POST")
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read()


def check(url, key, flags):
    """Asks for all that can be answered; how many answers were checked."""
    openapi = document()
    if openapi is None:
        return 0
    from jsonschema import Draft202012Validator

    def fits(path, answer):
        status, headers, body = answer
        declared = openapi["paths"][path]["post"]["responses"][str(status)]
        media = declared.get("content", {}).get("application/json")
        if media is None:
            assert status in (304, 401), status
            return
        assert headers["content-type"].startswith("application/json"), headers["content-type"]
        schema = {**media["schema"], "components": openapi["components"]}
        errors = list(Draft202012Validator(schema).iter_errors(json.loads(body)))
        assert not errors, (path, status, body, errors[0].message)

    def statuses(answers):
        return [status for status, _, _ in answers]

    one, all_ = FLAGS + "/{key}", FLAGS
    context = {"context": {"targetingKey": "u-1", "email": "ann@corp.example"}}
    good = [ask(url, key, f"{FLAGS}/{flag}", context) for flag in flags]
    assert set(statuses(good)) == {200}
    bad = [
        ask(url, key, f"{FLAGS}/nowhere", context),
        ask(url, key, f"{FLAGS}/{flags[0]}", b"{"),
        ask(url, key, f"{FLAGS}/{flags[0]}", {"context": {"targetingKey": 1}}),
        ask(url, None, f"{FLAGS}/{flags[0]}", context),
    ]
    assert statuses(bad) == [404, 400, 400, 401], statuses(bad)
    bulk = [
        ask(url, key, FLAGS, context),
        ask(url, key, FLAGS, {}),
        ask(url, key, FLAGS, b"x"),
        ask(url, None, FLAGS, context),
    ]
    bulk.append(ask(url, key, FLAGS, context, {"if-none-match": bulk[0][1]["etag"]}.items()))
    assert statuses(bulk) == [200, 400, 400, 401, 304], statuses(bulk)
    for path, answers in ((one, good + bad), (all_, bulk)):
        for answer in answers:
            fits(path, answer)
    return len(good) + len(bad) + len(bulk)
