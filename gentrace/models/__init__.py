"""All models of the API."""

from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.model.step_run import StepRun
from gentrace.model.step_run_provider import StepRunProvider

__all__ = ["PipelineRunRequest", "PipelineRunResponse", "StepRun", "StepRunProvider"]
