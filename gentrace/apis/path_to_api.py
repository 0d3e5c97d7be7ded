"""The path classes by path."""

from gentrace.api_client import Api
from gentrace.apis.paths.pipeline_run import PipelineRun
from gentrace.paths import PathValues

path_to_api: dict[PathValues, type[Api]] = {PathValues.PIPELINERUN: PipelineRun}
