"""The path classes by path."""

from gentrace.apis.paths.pipeline_run import PipelineRun
from gentrace.paths import PathValues

path_to_api: dict[PathValues, type[PipelineRun]] = {PathValues.PIPELINERUN: PipelineRun}
