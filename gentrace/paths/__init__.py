"""The paths of the document; each operation is declared in a module below."""

from enum import Enum


class PathValues(str, Enum):
    """The paths of the document."""

    PIPELINERUN = "/pipeline-run"
