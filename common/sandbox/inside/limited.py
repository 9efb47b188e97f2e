"""Become a command under limits, without namespaces: `python -I -S -B limited.py ORDER`, ORDER in JSON."""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import command  # noqa: E402

if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    try:
        command.prepare(order)
        command.execute(order)
    except OSError as error:
        sys.exit(f"{error}")
