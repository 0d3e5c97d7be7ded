"""Types of arguments that several commands take."""

from __future__ import annotations

import argparse


def file_name(text: str) -> str:
    """Give the name of a file; an empty one, as of a variable that is not set, is a mistake."""
    if not text:
        raise argparse.ArgumentTypeError("expected the name of a file, got an empty one")
    return text
