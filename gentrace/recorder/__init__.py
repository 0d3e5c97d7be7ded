"""Recording of pipeline runs while they happen.

`Pipeline` starts a `PipelineRun`, and `step` records a `Step` of whatever run is current;
`current_run` and `current_step` return them, and `bind` carries them into a thread. Recording never
raises into the program, changes its results or blocks.

The way of a step: `step_block` finds the run that is current (`context`) and starts a
`step_recording`. Of a decorated function (`decorators`, `generators`) each call is a
`call_recording`, whose inputs `arguments` binds. `encoding` captures the content as JSON texts.
When the step ends, its text is masked, shortened by `truncation` and kept in the `run_buffer`,
until `run` hands all texts over for delivery.
"""

from gentrace.recorder.binding import bind
from gentrace.recorder.current import current_run, current_step
from gentrace.recorder.pipeline import Pipeline
from gentrace.recorder.run import PipelineRun
from gentrace.recorder.step_block import StepBlock, step
from gentrace.recorder.steps import Step

__all__ = [
    "Pipeline",
    "PipelineRun",
    "Step",
    "StepBlock",
    "bind",
    "current_run",
    "current_step",
    "step",
]
