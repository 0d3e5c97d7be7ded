"""The tags of the document; each has a class with its operations in a module below."""

from enum import Enum


class TagValues(str, Enum):
    """The tags of the document."""

    INGESTION = "Ingestion"
