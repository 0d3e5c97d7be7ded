"""The parameter of the operations on one run: its id."""

from __future__ import annotations

from typing import Final

from gentrace.configuration import refuse
from gentrace.operations import PathParameter
from gentrace.schemas import STRING


class _RunIdParameter(PathParameter):
    """An id in the path, where the export of all runs has a name of its own."""

    def serialize(self, value: object, safe: str) -> str:
        """Return the text for the path, escaped.

        Raises:
            ApiValueError: text that is no id.

        """
        text = super().serialize(value, safe)
        if text == "export":
            raise refuse(self.name, "the id of a run (for all runs: runs_export)", value)
        return text


RUN_ID: Final = _RunIdParameter("id", STRING, "Id of a stored run.", required=True)
