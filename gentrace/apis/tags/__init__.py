"""The tags of the document; each has a class with its operations in a module below."""

from enum import StrEnum


class TagValues(StrEnum):
    """The tags of the document."""

    INGESTION = "Ingestion"
