"""The tag classes by tag."""

from gentrace.api_client import Api
from gentrace.apis.tags import TagValues
from gentrace.apis.tags.ingestion_api import IngestionApi

tag_to_api: dict[TagValues, type[Api]] = {TagValues.INGESTION: IngestionApi}
