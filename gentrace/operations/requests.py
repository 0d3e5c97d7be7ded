"""Requests, prepared from the arguments of a call and the settings of its client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gentrace.configuration import SECURITY_SCHEMES, Configuration, check_host, refuse_type, suggest
from gentrace.configuration.secrets import Headers
from gentrace.exceptions import ApiConnectionException, ApiTypeError
from gentrace.operations.arguments import (
    check_accept,
    check_auth,
    check_method,
    check_target,
    encode_body,
    make_key,
)
from gentrace.operations.headers import check_headers
from gentrace.operations.parameters import PathParameter, QueryParameter
from gentrace.schemas import REQUEST_RULES, Rules, Schema, Unset, find_encoder, unset

if TYPE_CHECKING:
    from gentrace.operations.client_headers import ClientHeaders
    from gentrace.operations.operation import OpenApiResponse, Operation


@dataclass(slots=True, repr=False)
class Request:
    """One request; each attempt of a call sends it.

    Attributes:
        method: HTTP method, in upper case.
        host: base address of the API.
        target: path below that of `host`, escaped, with its query.
        headers: its header fields, without those that the transport adds.
        secrets: texts that no message may hold.
        body: its body, None for none.
        idempotency_key: key of all attempts, None for none.
        responses: the answers that its operation documents, by status; None without operation.

    """

    method: str
    host: str
    target: str
    headers: Headers
    secrets: list[str]
    body: bytes | None = None
    idempotency_key: str | None = None
    responses: Mapping[int, OpenApiResponse] | None = None

    @property
    def is_authorized(self) -> bool:
        """Whether it has a header field `Authorization`, from the token or the caller."""
        return "authorization" in map(str.lower, self.headers)


def prepare(  # noqa: PLR0913 - the arguments of a call
    operation: Operation,
    client: ClientHeaders,
    configuration: Configuration,
    *,
    body: object,
    arguments: Mapping[str, object] | None,
    content_type: str | Unset,
    accept_content_types: Sequence[str] | Unset,
    idempotency_key: str | None,
) -> Request:
    """Return the request of a call of an operation.

    Args:
        operation: the operation.
        client: adds the token, the cookie and the default header fields.
        configuration: where the API is and how to reach it, which the token belongs to.
        body: the body, `unset` for none.
        arguments: the parameters by name, None for none.
        content_type: media type of `body`; `unset` is the first one that is declared.
        accept_content_types: media types for `Accept`; `unset` is what is declared.
        idempotency_key: key of the request; None makes a new one.

    Raises:
        ApiTypeError: the body or an argument is missing, of the wrong type or not declared.
        ApiValueError: the body or an argument is not allowed.
        ApiConnectionException: no memory is left.

    """
    derived, own = Headers(), Headers()
    accepts = operation.accepts
    if accept_content_types is not unset:
        accepts = check_accept(accept_content_types)
    if accepts:
        derived["Accept"] = ", ".join(accepts)
    data = None
    if body is not unset:
        if operation.body is None:
            raise ApiTypeError("body: expected none, this operation takes no body")
        derived["Content-Type"], schema = operation.body.find_schema(content_type)
        data = _encode(schema, body, configuration)
        if data is None:  # raised here, where no context keeps what was converted
            raise ApiConnectionException(0, "no memory is left to encode the body")
    elif operation.body is not None and operation.body.required:
        raise ApiTypeError("body: expected a value, got none")
    key = make_key(operation.method, idempotency_key)
    if arguments is None:
        arguments = {}
    else:
        _check_names(operation, arguments)
    target = _format_target(operation, arguments, configuration, own)
    headers, secrets = client.make_headers(configuration, derived, own, operation.auth)
    host = configuration.host_of(operation.name)
    method, responses = operation.method, operation.responses
    return Request(method, host, target, headers, secrets, data, key, responses)


def _encode(schema: Schema[Any], body: object, configuration: Configuration) -> bytes | None:
    """Return the JSON text of a body; None if no memory is left for it."""
    disabled = configuration.disabled_client_side_validations
    rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
    try:
        return schema.serialize(body, rules, find_encoder(configuration.json_encoder))
    except MemoryError:
        return None


def prepare_raw(  # noqa: PLR0913 - the arguments of a call
    client: ClientHeaders,
    configuration: Configuration,
    *,
    method: object,
    target: object,
    headers: Mapping[str, str] | None,
    body: str | bytes | None,
    fields: Sequence[tuple[str, str]] | None,
    auth: Sequence[str] | None,
    host: str | None,
    idempotency_key: str | None,
) -> Request:
    """Return a request that belongs to no operation.

    Args:
        client: adds its token, its cookie and its default header fields.
        configuration: where the API is and how to reach it, which the token belongs to.
        method: HTTP method.
        target: path below the host, escaped, with its query if any.
        headers: header fields; they override the client's own of those names; None for none.
        body: the body; a string is sent as UTF-8; None for none.
        fields: names and values of a form, in place of a body.
        auth: names of the security schemes to use; None is all of the document's, or none if
            `host` is given.
        host: base address in place of the configuration's, which gets none of the client's
            secrets; None for that of the configuration.
        idempotency_key: key of the request; None makes a new one.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: an argument that is not allowed.

    """
    own = Headers() if headers is None else check_headers("headers", headers)
    data = encode_body(body, fields)
    derived = Headers() if fields is None else Headers({"Content-Type": _FORM})
    base = configuration.host if host is None else check_host("host", host)
    if auth is None:
        auth = () if host is not None else tuple(SECURITY_SCHEMES)
    schemes = check_auth(auth)
    verb = check_method(method)
    key = make_key(verb, idempotency_key)
    foreign = base != configuration.host
    sent, secrets = client.make_headers(configuration, derived, own, schemes, foreign=foreign)
    path = check_target(target, secrets)
    return Request(verb, base, path, sent, secrets, data, key)


_FORM = "application/x-www-form-urlencoded"


def _check_names(operation: Operation, arguments: object) -> None:
    """Refuse arguments that are not parameters of an operation."""
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
    return f"{path}?{'&'.join(query)}" if query else path
