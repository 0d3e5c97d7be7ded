"""A downloaded file."""

from __future__ import annotations

import io


class FileSchema(io.FileIO):
    """A downloaded file, open for reading; `name` is its path, and deleting it is the caller's."""
