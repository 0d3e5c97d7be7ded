"""The tag classes by tag."""

from gentrace.apis.tags import TagValues
from gentrace.apis.tags.ingestion_api import IngestionApi

tag_to_api: dict[TagValues, type[IngestionApi]] = {TagValues.INGESTION: IngestionApi}
