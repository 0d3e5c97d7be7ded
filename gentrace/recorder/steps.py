"""One step of a run, as the program sees it; `step_recording` records it."""

from __future__ import annotations


class Step:
    """One step of a run, such as one call of a model.

    Attributes that are set before the step ends are recorded. Inputs, outputs and parameters may be
    of any type, see `gentrace.schemas.to_json_value`; a value that is not a mapping is wrapped in
    one, such as ``{"output": value}``.

    Attributes:
        provider: name of who does the work, such as ``"openai"``; None leaves it out.
        invocation: which of the provider's functions is called; None leaves it out.
        outputs: what the step answers; None leaves them out.
        error: what went wrong; None if nothing did. An exception that leaves the step sets it.

    """

    # Slots, so that `vars()` of a step has only what the program set by a name of its own.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_captured",
        "_elapsed_time",
        "_inputs",
        "_model_params",
        "error",
        "invocation",
        "outputs",
        "provider",
    )

    def __init__(
        self,
        provider: str | None = None,
        invocation: str | None = None,
        model_params: object = None,
        inputs: object = None,
    ) -> None:
        self.provider = provider
        self.invocation = invocation
        self.outputs: object = None
        self.error: str | None = None
        self._elapsed_time: int | None = None
        self._model_params = model_params
        self._inputs = inputs
        # JSON texts of the captured content, by wire name.
        self._captured: dict[str, bytes] = {}

    @property
    def elapsed_time(self) -> int | None:
        """How long the step took, in milliseconds; None until it ends. Setting it does nothing."""
        return self._elapsed_time

    @elapsed_time.setter
    def elapsed_time(self, value: int | None) -> None:
        pass

    @property
    def model_params(self) -> object:
        """Parameters that tune the provider rather than carry content; None leaves them out."""
        return self._model_params

    @model_params.setter
    def model_params(self, value: object) -> None:
        self._captured.pop("modelParams", None)
        self._model_params = value

    @property
    def inputs(self) -> object:
        """What the step is given; None leaves it out.

        The arguments of a generator, captured automatically, are not kept, and read as None.
        """
        return self._inputs

    @inputs.setter
    def inputs(self, value: object) -> None:
        self._captured.pop("inputs", None)
        self._inputs = value

    def __repr__(self) -> str:
        """Show its names, but no content."""
        return f"<Step {self.provider!r} {self.invocation!r}>"
