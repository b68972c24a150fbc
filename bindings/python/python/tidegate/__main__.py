"""``python -m tidegate``: the command line, whose program the wheel carries."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

_NAME = "tidegate" + (sysconfig.get_config_var("EXE") or "")


def find() -> Path:
    """The program, wherever the wheel was installed to."""
    package = Path(__file__).resolve().parent
    places = [
        Path(sysconfig.get_path("scripts")),
        # `pip install --user`, `--prefix` and `--target`.
        Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))),
        package.parent.parent.parent.parent / "bin",
        package.parent / "bin",
    ]
    for place in places:
        if (place / _NAME).is_file():
            return place / _NAME
    looked = ", ".join(map(str, places))
    raise FileNotFoundError(f"expected the program {_NAME} of the wheel, found none in {looked}")


def main() -> None:
    """Runs the program with the arguments of this one."""
    try:
        program = find()
    except FileNotFoundError as error:
        sys.exit(f"error: {error}")
    if os.name == "posix":
        os.execv(program, [os.fspath(program), *sys.argv[1:]])
    sys.exit(subprocess.run([program, *sys.argv[1:]]).returncode)


if __name__ == "__main__":
    main()
