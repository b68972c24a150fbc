#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to fuzz/corpus/<target>/: the documents and contexts of testdata/ and examples/."""
import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"


def write(target, text):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "surrogatepass")
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main():
    for path in sorted((ROOT / "testdata" / "cases").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        documents = [data["snapshot"]] if "snapshot" in data else []
        for case in data["cases"]:
            write("context", compact(case.get("context", {})))
            documents += [case["snapshot"]] if "snapshot" in case else []
        documents += [{"schema_version": 1, "version": 1, "features": {"f": {"kind": "gate", "rules": [
            {"id": "r", "if": case["if"], "variant": "on"}]}}} for case in data["cases"] if "if" in case][:3]
        for document in documents:
            if len(compact(document)) < 8192:
                write("document", compact(document))
    for path in sorted((ROOT / "testdata" / "invalid").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            text = case["text"] if "text" in case else compact(case.get("document"))
            if len(text) < 8192:
                write("document", text)
    for path in sorted((ROOT / "examples" / "snapshots").glob("*.json")):
        write("document", compact(json.loads(path.read_text(encoding="utf-8"))))
    for target in ("document", "context"):
        print("%s: %d seeds" % (target, len(list((CORPUS / target).iterdir()))))


if __name__ == "__main__":
    main()
