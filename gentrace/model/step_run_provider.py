"""Model `StepRunProvider` of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gentrace.schemas import FREE_OBJECT, STRING, Model, Unset, optional


class StepRunProvider(Model):
    """A model or service that does the work of steps, and one call of it."""

    __slots__ = ()

    name = optional("name", STRING, "Name of the provider of the model or service.")
    invocation = optional("invocation", STRING, "Which of the provider's functions was called.")
    model_params = optional(
        "modelParams",
        FREE_OBJECT,
        "Parameters of the call that tune the provider rather than carry content; any JSON object.",
    )
    inputs = optional("inputs", FREE_OBJECT, "What the step was given; any JSON object.")
    outputs = optional("outputs", FREE_OBJECT, "What the step answered; any JSON object.")

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str | Unset = ...,
            invocation: str | Unset = ...,
            model_params: Mapping[str, object] | Unset = ...,
            inputs: Mapping[str, object] | Unset = ...,
            outputs: Mapping[str, object] | Unset = ...,
        ) -> None: ...
