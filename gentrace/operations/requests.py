"""A request, put together of an operation, its arguments and what a client says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from gentrace.configuration import refuse_type, suggest
from gentrace.configuration.secrets import Headers
from gentrace.exceptions import ApiTypeError
from gentrace.operations.arguments import check_target
from gentrace.operations.parameters import PathParameter, QueryParameter
from gentrace.schemas import unset

if TYPE_CHECKING:
    from gentrace.configuration import Configuration
    from gentrace.operations.operation import Operation
    from gentrace.operations.sender import Sender
    from gentrace.schemas import Rules, Unset
    from gentrace.schemas.json_text import Dumps


@dataclass(slots=True, repr=False)
class Request:
    """One request, as it is sent in each attempt.

    Attributes:
        method: HTTP method, in upper case.
        host: base address of the API.
        target: path below that of `host`, escaped, with its query.
        headers: its header fields, but for those that the transport says.
        secrets: texts that no message may hold.
        body: its body, None for none.
        idempotency_key: key of all attempts, None for none.

    """

    method: str
    host: str
    target: str
    headers: Headers
    secrets: list[str]
    body: bytes | None = None
    idempotency_key: str | None = None

    def __repr__(self) -> str:
        return f"<{self.method} {self.target}>"


def prepare(  # noqa: PLR0913 - what a request is made of
    operation: Operation,
    sender: Sender,
    *,
    body: bytes | None,
    arguments: Mapping[str, object],
    accepts: tuple[str, ...],
    content_type: str | Unset,
    idempotency_key: str | None,
) -> Request:
    """Return the request of a call of an operation.

    Raises:
        ApiTypeError: an argument is missing, of the wrong type or no parameter.
        ApiValueError: an argument is not allowed.

    """
    derived, own = Headers(), Headers()
    if accepts:
        derived["Accept"] = ", ".join(accepts)
    if body is not None:
        derived["Content-Type"] = str.__str__(cast("str", content_type))
    _check_names(operation, arguments)
    configuration = sender.configuration
    target = check_target(_format_target(operation, arguments, configuration, own))
    headers, secrets = sender.make_headers(derived, own, operation.auth)
    host = configuration.host_of(operation.name)
    return Request(operation.method, host, target, headers, secrets, body, idempotency_key)


def serialize(
    operation: Operation,
    body: object,
    content_type: str | Unset,
    rules: Rules,
    dumps: Dumps | None,
) -> bytes | None:
    """Return the body of a request as it is sent; None for none.

    Raises:
        ApiTypeError: it is missing, of the wrong type, or the operation takes none.
        ApiValueError: it is not allowed, or of a media type that is not declared.

    """
    declared = operation.body
    if body is unset:
        if declared is not None and declared.required:
            raise ApiTypeError("body: expected a value, got none")
        return None
    if declared is None:
        raise ApiTypeError("body: expected none, this operation takes no body")
    return declared.find_schema(content_type).serialize(body, rules, dumps)


def _check_names(operation: Operation, arguments: object) -> None:
    """Refuse arguments that are none of an operation's parameters."""
    if not isinstance(arguments, Mapping):
        raise refuse_type("arguments", "a mapping of parameters by name", arguments)
    known = [parameter.name for parameter in operation.parameters]
    for name in cast("Mapping[object, object]", arguments):
        if name not in known:
            raise ApiTypeError(
                f"arguments: {operation.name} has no {name!r}{suggest(str(name), known)}"
            )


def _format_target(
    operation: Operation,
    arguments: Mapping[str, object],
    configuration: Configuration,
    headers: Headers,
) -> str:
    """Return the path with its query; parameters in header fields are added to `headers`."""
    path = operation.path
    query: list[str] = []
    for parameter in operation.parameters:
        value = arguments.get(parameter.name, unset)
        if value is unset:
            if parameter.required:
                raise ApiTypeError(f"{parameter.name}: expected a value, got none")
        elif isinstance(parameter, PathParameter):
            text = parameter.serialize(value, configuration.safe_chars_for_path_param)
            path = path.replace(f"{{{parameter.name}}}", text)
        elif isinstance(parameter, QueryParameter):
            query.append(parameter.serialize(value))
        else:
            headers.replace({parameter.name: parameter.serialize(value)})
    joined = "&".join(filter(None, query))
    return f"{path}?{joined}" if joined else path
