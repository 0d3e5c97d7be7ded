"""The paths of the document; each operation is declared in a module below."""

from enum import StrEnum


class PathValues(StrEnum):
    """The paths of the document."""

    PIPELINERUN = "/pipeline-run"
