"""Error responses of the local server, which its operations share."""

from __future__ import annotations

from dataclasses import dataclass

from gentrace.operations import ApiResponse, OpenApiResponse
from gentrace.runs.models import Problem
from gentrace.schemas import ObjectSchema, Unset, unset


@dataclass(repr=False, eq=False)
class ApiResponseFor400(ApiResponse):
    """A parameter that is not allowed."""

    body: Problem | Unset = unset
    headers: Unset = unset


@dataclass(repr=False, eq=False)
class ApiResponseFor401(ApiResponse):
    """Token missing or wrong."""

    body: Problem | Unset = unset
    headers: Unset = unset


@dataclass(repr=False, eq=False)
class ApiResponseFor404(ApiResponse):
    """No run of that id."""

    body: Problem | Unset = unset
    headers: Unset = unset


_CONTENT = {"application/json; charset=utf-8": ObjectSchema(Problem)}

BAD_REQUEST = OpenApiResponse(ApiResponseFor400, "A parameter that is not allowed", _CONTENT)
UNAUTHORIZED = OpenApiResponse(ApiResponseFor401, "Token missing or wrong", _CONTENT)
NOT_FOUND = OpenApiResponse(ApiResponseFor404, "No run of that id", _CONTENT)
