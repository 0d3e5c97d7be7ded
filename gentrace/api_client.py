"""What an operation is declared with, and the client that carries it out."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from gentrace._signals import pass_on_handlers_error
from gentrace._version import __version__
from gentrace.configuration import (
    SECURITY_SCHEMES,
    Configuration,
    check_flag,
    check_header_name,
    check_header_text,
    check_host,
    check_positive,
    check_text,
    check_timeout,
    refuse,
    refuse_type,
    suggest,
)
from gentrace.configuration.secrets import (
    SENSITIVE_HEADERS,
    Headers,
    Secret,
    find_secrets,
    mask_headers,
)
from gentrace.operations.requests import Request
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
    exception_class,
)
from gentrace.schemas import (
    ANSWER_RULES,
    REQUEST_RULES,
    Unset,
    decode,
    encode,
    unset,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.pool import AsyncResult, ThreadPool
    from types import TracebackType
    from typing import Self

    from gentrace.configuration import TimeoutSetting
    from gentrace.rest import HTTPResponse, RestClient
    from gentrace.schemas import Schema

USER_AGENT = f"gentrace-python/{__version__}"


class _DataclassFields:
    """Makes a response class a dataclass when somebody asks whether it is one.

    Importing `dataclasses` takes as long as importing all modules of a call together, and a call
    needs nothing of it.
    """

    def __get__(self, instance: object, owner: type) -> Any:
        from dataclasses import dataclass  # noqa: PLC0415 - the reason for this class

        dataclass(init=False, repr=False, eq=False)(owner)
        return vars(owner)["__dataclass_fields__"]


class ApiResponse:
    """An answer: a dataclass, and a context manager that closes a streamed body.

    Attributes:
        response: the raw answer; None only in an exception that came through a pickle.
        body: the deserialized body, or `unset`.
        headers: the deserialized header fields, or `unset`.

    """

    response: HTTPResponse
    body: Any = unset
    headers: Any = unset

    __dataclass_fields__ = _DataclassFields()

    def __init_subclass__(cls) -> None:
        cls.__dataclass_fields__ = _DataclassFields()

    def __init__(self, response: Any, body: Any = unset, headers: Any = unset) -> None:
        self.response = response
        self.body = body
        self.headers = headers

    def __repr__(self) -> str:
        # An interrupt may have hit the making of this answer, and a traceback shows it then.
        shown = f"status={getattr(vars(self).get('response'), 'status', None)}"
        for name, value in (("body", self.body), ("headers", self.headers)):
            if value is not unset:
                shown += f", {name}={value!r}"
        return f"{type(self).__name__}({shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the connection of a body that was not read to its end."""
        response = cast("HTTPResponse | None", self.response)
        if response is not None:
            response.close()


class ApiResponseWithoutDeserialization(ApiResponse):
    """An answer as it came: body and headers are `unset`, `response` has both."""


# What an operation is declared with.


class MediaType:
    """A media type with its parameters; `includes` says whether it means another one too.

    Args:
        text: as in a header field, such as ``application/json; charset=utf-8``.

    """

    __slots__ = ("name", "parameters", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        name, *parameters = _split_parameters(text)
        self.name = name.strip().lower()
        self.parameters = dict(filter(None, map(_parse_parameter, parameters)))

    def includes(self, other: MediaType) -> bool:
        """Tell whether an answer of the type `other` is one of this type.

        A missing charset is UTF-8. Parameters that only `other` has do not matter.
        """
        if self.name != other.name:
            return False
        mine = {"charset": "utf-8"} | self.parameters
        others = {"charset": "utf-8"} | other.parameters
        return all(others.get(name) == value for name, value in mine.items())

    @property
    def is_json(self) -> bool:
        """Whether bodies of this type are JSON."""
        return self.name == "application/json" or self.name.endswith("+json")


def _split_parameters(text: str) -> list[str]:
    """Split a header value at its semicolons, but for those inside of quotes."""
    parts = [""]
    quoted = escaped = False
    for character in text:
        if character == ";" and not quoted:
            parts.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
        parts[-1] += character
    return parts


def _parse_parameter(text: str) -> tuple[str, str] | None:
    name, equals, value = text.partition("=")
    if not equals:
        return None
    name, value = name.strip().lower(), value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if name == "charset":
        value = value.lower()
        return name, "utf-8" if value == "utf8" else value
    return name, value


class RequestBody:
    """The body of a request.

    Args:
        content: schema by media type.
        description: what it is.
        required: whether it must be given.

    """

    __slots__ = ("content", "description", "required")

    def __init__(
        self, content: Mapping[str, Schema[Any]], description: str, *, required: bool
    ) -> None:
        self.content = content
        self.description = description
        self.required = required

    def find_schema(self, content_type: object) -> Schema[Any]:
        """Return the schema of the media type that a caller names.

        Raises:
            ApiTypeError: not a string.
            ApiValueError: none that is declared.

        """
        if type(content_type) is str and content_type in self.content:
            return self.content[content_type]
        wanted = MediaType(check_header_text("content_type", content_type))
        for text, schema in self.content.items():
            if MediaType(text).includes(wanted):
                return schema
        raise refuse("content_type", " or ".join(map(repr, self.content)), content_type)


class OpenApiResponse:
    """An answer that the document lists.

    Args:
        response_cls: the class of the answer.
        description: what it means.
        content: schema by media type, None for a file; empty where no body is defined.

    """

    __slots__ = ("content", "description", "response_cls")

    def __init__(
        self,
        response_cls: type[ApiResponse],
        description: str,
        content: Mapping[str, Schema[Any] | None] | None = None,
    ) -> None:
        self.response_cls = response_cls
        self.description = description
        self.content = content or {}

    def find_schema(self, content_type: str) -> Schema[Any] | Unset | None:
        """Return the schema of an answer's media type; None for a file, `unset` if undeclared."""
        if content_type in self.content:
            return self.content[content_type]
        got = MediaType(content_type)
        matches = (schema for text, schema in self.content.items() if MediaType(text).includes(got))
        return next(matches, unset)


class Parameter:
    """A parameter of an operation.

    Args:
        name: its name in the document.
        schema: its type: a string, an integer, an array or an object of them.
        description: its description in the document.
        required: whether it must be given.
        explode: whether the items of an array or object are apart from each other; None is what
            the style does.

    Raises:
        ApiValueError: a header field of this name is not the caller's to say.

    """

    __slots__ = ("description", "explode", "name", "required", "schema")

    place: str
    style = "simple"
    explodes = False

    def __init__(
        self,
        name: str,
        schema: Schema[Any],
        description: str = "",
        *,
        required: bool = False,
        explode: bool | None = None,
    ) -> None:
        self.name = self.check_name(name)
        self.schema = schema
        self.description = description
        self.required = required
        self.explode = self.explodes if explode is None else explode

    def check_name(self, name: str) -> str:
        """Return the name, if it may be one."""
        return name

    def check(self, value: object) -> Any:
        """Return the JSON value of an argument; its mistakes name this parameter."""
        try:
            return self.schema.check(value, REQUEST_RULES)
        except (ApiTypeError, ApiValueError) as error:
            error.move_under(self.name)
            raise


class PathParameter(Parameter):
    """A parameter in the path, in the style `simple`."""

    __slots__ = ()

    place = "path"

    def serialize(self, value: object, safe: str) -> str:
        """Return the text for the path, escaped but for the characters in `safe`.

        Raises:
            ApiValueError: a text that would make it another path.

        """

        def escape(text: str) -> str:
            return _escape(text, safe)

        text = _join(self.check(value), escape, explode=self.explode)
        if text in {"", ".", ".."}:
            raise refuse(self.name, "text that names something in a path", value)
        return text


class HeaderParameter(Parameter):
    """A parameter in a header field, in the style `simple`."""

    __slots__ = ()

    place = "header"

    def check_name(self, name: str) -> str:
        """Return the name, if such a field is the caller's to say."""
        return _check_free_header("parameters", name)

    def serialize(self, value: object) -> str:
        """Return the value of the header field."""
        text = _join(self.check(value), str, explode=self.explode)
        return check_header_text(self.name, text)


class QueryParameter(Parameter):
    """A parameter in the query, in the style `form`, its items apart unless told otherwise."""

    __slots__ = ()

    place = "query"
    style = "form"
    explodes = True

    def serialize(self, value: object) -> str:
        """Return the text for the query; empty for an empty array or object."""
        checked = self.check(value)
        name = _escape(self.name)
        if self.explode and isinstance(checked, tuple):
            items = cast("Sequence[Any]", checked)
            return "&".join(f"{name}={_escape(_text(item))}" for item in items)
        if self.explode and isinstance(checked, dict):
            pairs = cast("dict[str, Any]", checked)
            return "&".join(f"{_escape(key)}={_escape(_text(item))}" for key, item in pairs.items())
        if checked in ((), {}):
            return ""
        return f"{name}={_join(checked, _escape, explode=False)}"


def _text(value: object) -> str:
    """Write a value that is no container as text: numbers and booleans as JSON has them."""
    return value if isinstance(value, str) else encode(value).decode()


def _join(value: object, escape: Callable[[str], str], *, explode: bool) -> str:
    """Write a value in the style `simple`."""
    if isinstance(value, tuple):
        items = cast("Sequence[Any]", value)
        return ",".join(escape(_text(item)) for item in items)
    if isinstance(value, dict):
        between = "=" if explode else ","
        pairs = cast("dict[str, Any]", value).items()
        return ",".join(f"{escape(key)}{between}{escape(_text(item))}" for key, item in pairs)
    return escape(_text(value))


def _escape(text: str, safe: str = "") -> str:
    from urllib.parse import quote  # noqa: PLC0415 - an operation without parameters needs none

    return quote(text, safe=safe)


class Operation:
    """One operation of the document: everything that a call of it needs to know.

    Args:
        name: its Python name, such as ``pipeline_run_post``.
        method: HTTP method, in upper case.
        path: path template, such as ``/runs/{id}``.
        tag: tag in the document.
        summary: summary in the document.
        responses: answers by status.
        description: description in the document.
        body: the body of its request, None where it has none.
        parameters: its parameters.
        auth: names of the security schemes that it uses.

    """

    def __init__(  # noqa: PLR0913 - one argument a part of an operation in the document
        self,
        name: str,
        method: str,
        path: str,
        *,
        tag: str,
        summary: str,
        responses: Mapping[int, OpenApiResponse],
        description: str = "",
        body: RequestBody | None = None,
        parameters: Sequence[PathParameter | QueryParameter | HeaderParameter] = (),
        auth: Sequence[str] = ("bearerAuth",),
    ) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.tag = tag
        self.summary = summary
        self.responses = responses
        self.description = description
        self.body = body
        self.parameters = parameters
        self.auth = auth
        self.success = next(item for status, item in responses.items() if _is_success(status))
        self.accepts = tuple(
            dict.fromkeys(text for item in responses.values() for text in item.content)
        )


class Api:
    """The base of the tag and path classes.

    Args:
        api_client: the client that calls go through; None makes one of the default configuration.

    Raises:
        ApiTypeError: no client.

    """

    def __init__(self, api_client: ApiClient | None = None) -> None:
        if not (api_client is None or isinstance(cast("object", api_client), ApiClient)):
            expected = "a gentrace.ApiClient, such as ApiClient(configuration) makes"
            raise refuse_type("api_client", expected, api_client)
        self.api_client = ApiClient() if api_client is None else api_client


# The client.


class DefaultHeaders(MutableMapping[str, str]):
    """Header fields that go with every request of a client, in place of its own of that name.

    Names in any case are the same name. A field that cannot be sent is refused when it is set.

    Args:
        on_change: what is called after each change.

    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        self._on_change = on_change

    def __setitem__(self, name: str, value: str) -> None:
        name = _check_free_header("default_headers", name)
        text = Secret(check_header_text(f"default_headers[{name!r}]", value))
        self._fields[name.lower()] = (name, text)
        self._on_change()

    def __getitem__(self, name: str) -> str:
        return self._fields[str(name).lower()][1]

    def __delitem__(self, name: str) -> None:
        del self._fields[str(name).lower()]
        self._on_change()

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return repr(mask_headers(self.items()))


_RESERVED_HEADERS = {
    "connection": "connections are kept and closed by the client",
    "content-length": "the client counts the body",
    "host": "the host is Configuration.host",
    "idempotency-key": "give idempotency_key= to the call that it is for",
    "transfer-encoding": "the client sends a body in one piece",
}


def _check_free_header(where: str, name: object) -> str:
    """Return the name of a header field; refuse one that is not the caller's to say."""
    text = check_header_name(where, name)
    if text.lower() in _RESERVED_HEADERS:
        raise ApiValueError(f"{where}[{text!r}]: {_RESERVED_HEADERS[text.lower()]}")
    return text


_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_MAX_KEY = 255


class ApiClient:
    """Carries out calls: checks and serializes what goes out, reads what comes back.

    Making one opens no socket and starts no thread. One client serves any number of threads; it
    survives a fork. A copy or pickle of it has its settings, and connections of its own; a copy
    shares its configuration, a deep copy has one of its own.

    Args:
        configuration: where the API is and how to reach it; kept, not copied, so that a later
            change acts from the next call on. None takes `Configuration.get_default_copy()`.
        header_name: name of a header field that goes with every request, None for none.
        header_value: its value.
        cookie: value of the header field `Cookie`, None for none.
        pool_threads: threads for calls with `async_req=True`; started with the first of them.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: a header field or cookie that cannot be sent.

    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
        pool_threads: int = 1,
    ) -> None:
        # By process: after a fork, the child has connections and threads of its own.
        self._rest_clients: dict[int, RestClient] = {}
        self._threads: dict[int, ThreadPool] = {}
        self._default_headers = DefaultHeaders(self._forget_prepared)
        self.configuration = (
            Configuration.get_default_copy() if configuration is None else configuration
        )
        self.pool_threads = pool_threads
        self.cookie = cookie
        if header_name is not None or header_value is not None:
            self.set_default_header(cast("str", header_name), header_value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the calls of the threads, end these and close idle connections.

        A later call starts new ones.
        """
        threads = self._threads.pop(os.getpid(), None)
        if threads is not None:
            threads.close()
            threads.join()
        for rest_client in list(self._rest_clients.values()):
            rest_client.close()

    def __copy__(self) -> Self:
        return self._copy_with(self._configuration)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy  # noqa: PLC0415 - loaded by whoever comes here

        return self._copy_with(deepcopy(self._configuration, memo))

    def _copy_with(self, configuration: Configuration) -> Self:
        fields, cookie = self._default_headers, self._cookie
        twin = _restore(type(self), configuration, fields, cookie, self._pool_threads)
        return cast("Self", twin)

    def __reduce__(self) -> tuple[Any, ...]:
        fields: Mapping[str, str] = self._default_headers
        cookie = None if self._cookie is None else str(self._cookie)
        if not self._configuration.pickle_token:
            fields, cookie = _drop_secrets(fields), None
        plain = {name: str(value) for name, value in fields.items()}
        return _restore, (type(self), self._configuration, plain, cookie, self._pool_threads)

    def __repr__(self) -> str:
        return f"ApiClient({self._configuration!r})"

    @property
    def configuration(self) -> Configuration:
        """Where the API is and how to reach it."""
        return self._configuration

    @configuration.setter
    def configuration(self, value: Configuration) -> None:
        if not isinstance(cast("object", value), Configuration):
            raise refuse_type("configuration", "a gentrace.Configuration", value)
        self._configuration = value

    @property
    def pool_threads(self) -> int:
        """How many threads calls with `async_req=True` have, if they have not begun."""
        return self._pool_threads

    @pool_threads.setter
    def pool_threads(self, value: int) -> None:
        self._pool_threads = check_positive("pool_threads", value)

    @property
    def default_headers(self) -> DefaultHeaders:
        """Header fields that go with every request; others may be put in their place."""
        return self._default_headers

    @default_headers.setter
    def default_headers(self, fields: Mapping[str, str]) -> None:
        checked = DefaultHeaders(self._forget_prepared)
        checked.update(_check_headers("default_headers", fields))
        self._default_headers = checked
        self._forget_prepared()

    @property
    def cookie(self) -> str | None:
        """Value of the header field `Cookie`; None sends none."""
        return self._cookie

    @cookie.setter
    def cookie(self, value: str | None) -> None:
        self._cookie = None if value is None else Secret(check_header_text("cookie", value))
        self._forget_prepared()

    @property
    def user_agent(self) -> str:
        """Value of the header field `User-Agent`."""
        return self._default_headers.get("User-Agent", USER_AGENT)

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self._default_headers["User-Agent"] = value

    def set_default_header(self, header_name: str, header_value: str | None) -> None:
        """Send a header field with every request, in place of the client's own of that name.

        Raises:
            ApiTypeError: not strings.
            ApiValueError: it cannot be sent, or is not the caller's to say.

        """
        fields: Any = self._default_headers
        fields[header_name] = header_value

    def call(  # noqa: PLR0913 - what a call of an operation may say
        self,
        operation: Operation,
        *,
        body: object = unset,
        arguments: Mapping[str, object] | None = None,
        content_type: str | Unset = unset,
        accept_content_types: Sequence[str] | Unset = unset,
        stream: bool = False,
        timeout: TimeoutSetting | None = None,
        skip_deserialization: bool = False,
        idempotency_key: str | None = None,
    ) -> Any:
        """Carry out an operation: the methods of the tag and path classes come here.

        Args:
            operation: the operation.
            body: its body, `unset` for none.
            arguments: its parameters by name; those that are `unset` are left out.
            content_type: media type of `body`; `unset` is the first one that is declared.
            accept_content_types: media types for `Accept`; `unset` accepts what is declared.
            stream: whether the body of the answer is left on the wire.
            timeout: seconds, as `Configuration.timeout`; None takes that.
            skip_deserialization: whether to return the answer as it came.
            idempotency_key: key that makes this call the same as another; None makes a new one.

        Returns:
            The class of the answer that the operation declares.

        Raises:
            ApiTypeError: the body or an argument is of the wrong type.
            ApiValueError: the body or an argument is not allowed.
            ApiException: the call failed.

        """
        check_flag("stream", stream)
        check_flag("skip_deserialization", skip_deserialization)
        rest_client = self._rest_client()
        settings = rest_client.settings
        deadline = rest_client.start(timeout)
        accepts = operation.accepts
        if accept_content_types is not unset and accept_content_types != accepts:
            accepts = _check_accept(accept_content_types)
        if content_type is unset and operation.body is not None:
            content_type = next(iter(operation.body.content))
        data = self._serialize(operation, body, content_type, settings)
        request = self._prepare_operation(
            operation,
            arguments or {},
            accepts,
            unset if data is None else content_type,
        )
        request.body = data
        request.idempotency_key = _make_key(operation.method, idempotency_key)
        raw = rest_client.send(request, deadline, stream=stream)
        if skip_deserialization and _is_success(raw.status):
            if stream:
                raw.outlive_deadline()
            return ApiResponseWithoutDeserialization(raw)
        return self._read(operation, raw, stream=stream)

    @overload
    def call_api(
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = ...,
        body: str | bytes | None = ...,
        fields: Sequence[tuple[str, str]] | None = ...,
        auth_settings: Sequence[str] | None = ...,
        async_req: Literal[False] | None = ...,
        stream: bool = ...,
        timeout: TimeoutSetting | None = ...,
        host: str | None = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> HTTPResponse: ...
    @overload
    def call_api(
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = ...,
        body: str | bytes | None = ...,
        fields: Sequence[tuple[str, str]] | None = ...,
        auth_settings: Sequence[str] | None = ...,
        *,
        async_req: Literal[True],
        stream: bool = ...,
        timeout: TimeoutSetting | None = ...,
        host: str | None = ...,
        idempotency_key: str | None = ...,
    ) -> AsyncResult[HTTPResponse]: ...
    def call_api(  # noqa: PLR0913, PLR0917 - the parameters that users of such clients know
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        fields: Sequence[tuple[str, str]] | None = None,
        auth_settings: Sequence[str] | None = None,
        async_req: bool | None = None,
        stream: bool = False,
        timeout: TimeoutSetting | None = None,
        host: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> HTTPResponse | AsyncResult[HTTPResponse]:
        """Send a request that is ready, and return the raw answer, whatever its status.

        Args:
            resource_path: path below the host, escaped, with its query if any.
            method: HTTP method.
            headers: header fields, in place of the client's own of those names.
            body: the body; a string is sent as UTF-8; None for none.
            fields: names and values of a form, in place of a body.
            auth_settings: names of the security schemes to use; None is all of the document's,
                or none if `host` is given.
            async_req: whether to return at once, with an `AsyncResult` of a pool of
                `pool_threads` threads.
            stream: whether the body of the answer is left on the wire.
            timeout: seconds, as `Configuration.timeout`; None takes that.
            host: base address in place of the configuration's; this client's cookie and its
                default header fields that carry secrets do not go there.
            idempotency_key: key that makes this call the same as another; None makes a new one.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: an argument that is not allowed.
            ApiException: no complete answer came.

        """
        check_flag("stream", stream)
        own = _check_headers("headers", {} if headers is None else headers)
        del headers  # in which a traceback with locals would show the token
        data = _encode_body(body, fields)
        derived = Headers() if fields is None else Headers({"Content-Type": _FORM})
        base = self._configuration.host if host is None else check_host("host", host)
        foreign = base != self._configuration.host
        if auth_settings is None:
            auth_settings = () if host is not None else tuple(SECURITY_SCHEMES)
        auth = _check_auth(auth_settings)
        path = _check_target(resource_path)
        verb = _check_method(method)
        if timeout is not None:
            check_timeout("timeout", timeout)
        key = _make_key(verb, idempotency_key)

        def send() -> HTTPResponse:
            rest_client = self._rest_client()
            deadline = rest_client.start(timeout)
            request = self._prepare(verb, base, path, derived, own, auth, foreign=foreign)
            request.body, request.idempotency_key = data, key
            raw = rest_client.send(request, deadline, stream=stream)
            if stream:
                raw.outlive_deadline()
            return raw

        return self._pool().apply_async(send) if async_req else send()

    def _pool(self) -> ThreadPool:
        threads = self._threads.get(os.getpid())
        if threads is None:
            from multiprocessing.pool import ThreadPool  # noqa: PLC0415 - few calls need threads

            threads = self._threads.setdefault(os.getpid(), ThreadPool(self._pool_threads))
        return threads

    # What goes out.

    def _rest_client(self) -> RestClient:
        """Return this process's transport, with the settings as they are now."""
        rest_client = self._rest_clients.get(os.getpid())
        if rest_client is None:
            try:
                from gentrace.rest import RestClient  # noqa: PLC0415 - urllib3 is slow to import
            except ImportError as error:  # such as at the interpreter's end
                raise ApiConnectionException(0, f"the transport cannot load: {error}") from None
            rest_client = self._rest_clients.setdefault(os.getpid(), RestClient())
            for process in self._rest_clients.keys() - {os.getpid()}:
                self._rest_clients.pop(process, None)
        rest_client.use(self._configuration)
        return rest_client

    def _forget_prepared(self) -> None:
        """Have the next calls look at the header fields of this client again."""
        return

    def _prepare_operation(
        self,
        operation: Operation,
        arguments: Mapping[str, object],
        accepts: tuple[str, ...],
        content_type: str | Unset,
    ) -> Request:
        derived, own = Headers(), Headers()
        if accepts:
            derived["Accept"] = ", ".join(accepts)
        if not isinstance(content_type, Unset):
            derived["Content-Type"] = str.__str__(content_type)
        if arguments:
            _check_names(operation, arguments)
        path = _check_target(self._format_path(operation, arguments, own))
        host = self._configuration.host_of(operation.name)
        return self._prepare(operation.method, host, path, derived, own, operation.auth)

    def _prepare(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        method: str,
        host: str,
        path: str,
        derived: Headers,
        own: Headers,
        auth: Sequence[str],
        *,
        foreign: bool = False,
    ) -> Request:
        """Return a request with its header fields, of three layers.

        Lowest is what follows from the call: what is `derived` from body and answers, the user
        agent and the token. In place of these come the fields set on this client, and in place of
        both the call's `own`. A `foreign` host gets none of this client's secrets.
        """
        configuration = self._configuration
        configuration.check_complete()
        fields = Headers({**derived, "User-Agent": USER_AGENT})
        secrets: list[str] = []
        if configuration.access_token is not None and "bearerAuth" in auth:
            secrets.append(configuration.access_token)
            fields["Authorization"] = Secret(f"Bearer {configuration.access_token}")
        clients = Headers()
        if self._cookie is not None:
            clients["Cookie"] = self._cookie
        clients.replace(self._default_headers)
        fields.replace(_drop_secrets(clients) if foreign else clients)
        fields.replace(own)
        secrets += find_secrets(fields)
        return Request(method, host, path, fields, None, secrets, None)

    def _format_path(
        self, operation: Operation, arguments: Mapping[str, object], headers: Headers
    ) -> str:
        path = operation.path
        query: list[str] = []
        for parameter in operation.parameters:
            value = arguments.get(parameter.name, unset)
            if value is unset:
                if parameter.required:
                    raise ApiTypeError(f"{parameter.name}: expected a value, got none")
            elif isinstance(parameter, PathParameter):
                safe = self._configuration.safe_chars_for_path_param
                path = path.replace(f"{{{parameter.name}}}", parameter.serialize(value, safe))
            elif isinstance(parameter, QueryParameter):
                query.append(parameter.serialize(value))
            else:
                headers.replace({parameter.name: parameter.serialize(value)})
        joined = "&".join(filter(None, query))
        return f"{path}?{joined}" if joined else path

    def _serialize(
        self, operation: Operation, body: object, content_type: str | Unset, settings: Any
    ) -> bytes | None:
        declared = operation.body
        if body is unset:
            if declared is not None and declared.required:
                raise ApiTypeError("body: expected a value, got none")
            return None
        if declared is None:
            raise ApiTypeError("body: expected none, this operation takes no body")
        schema = declared.find_schema(content_type)
        return schema.serialize(body, settings.rules, settings.dumps)

    # What comes back. The frame that raises holds nothing of what the server said, which may be a
    # secret: a traceback shows the locals of its frames.

    def _read(self, operation: Operation, raw: HTTPResponse, *, stream: bool) -> ApiResponse:
        documented = operation.responses.get(raw.status)
        if _is_success(raw.status):
            documented = documented or operation.success
            body, flaw = self._deserialize(documented, raw, stream=stream)
            if flaw is None:
                return documented.response_cls(raw, body)
            failure = self._unreadable(raw, flaw)
            del body, flaw
        else:
            failure = self._refused(documented, raw)
        try:
            raise failure
        finally:
            del failure  # which its traceback would hold in a circle

    def _deserialize(  # noqa: PLR0911 - one return a verdict
        self, documented: OpenApiResponse, raw: HTTPResponse, *, stream: bool
    ) -> tuple[Any, str | None]:
        """Return the body as documented, `unset` if none is; and what is wrong with it, or None."""
        if not documented.content:
            return unset, None
        content_type = raw.content_type
        schema = documented.find_schema(content_type)
        if isinstance(schema, Unset):
            expected = " or ".join(documented.content)
            return unset, f"expected {expected}, got {content_type or 'no media type'}"
        if schema is None:
            return raw.save(self._configuration.temp_folder_path) if stream else raw.load(), None
        try:
            return schema.check(decode(raw.load()), ANSWER_RULES), None
        except (ApiTypeError, ApiValueError) as error:
            return unset, str(error)
        except RecursionError:
            return unset, "its JSON is nested too deeply"
        except ValueError as error:
            pass_on_handlers_error(error)
            # Said here, as what came may be packed in a way that nothing installed unpacks.
            coding = raw.headers.get("Content-Encoding")
            packed = f", it came as {coding}" if coding else ""
            return unset, f"it is not JSON in UTF-8 ({error}){packed}"

    def _unreadable(self, raw: HTTPResponse, flaw: str) -> ApiException:
        raw.hide_secrets()
        reason = f"{raw.reason}, but the answer cannot be read: {flaw}"
        answer = ApiResponseWithoutDeserialization(raw)
        return raw.describe(ApiResponseException(raw.status, reason, answer, body=raw.load()))

    def _refused(self, documented: OpenApiResponse | None, raw: HTTPResponse) -> ApiException:
        raw.load()
        raw.hide_secrets()
        answer: ApiResponse = ApiResponseWithoutDeserialization(raw)
        if documented is not None:
            body, _ = self._deserialize(documented, raw, stream=False)
            answer = documented.response_cls(raw, body)
        kind = exception_class(raw.status)
        return raw.describe(kind(raw.status, raw.reason, answer, body=raw.load()))


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - the family 2xx


_MAX_PREPARED = 64
"""How many requests a client keeps prepared."""


def _restore(
    kind: type[ApiClient],
    configuration: Configuration,
    fields: Mapping[str, str],
    cookie: str | None,
    pool_threads: int,
) -> ApiClient:
    client = kind(configuration, cookie=cookie, pool_threads=pool_threads)
    client.default_headers.update(fields)
    return client


def _drop_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name.lower() not in SENSITIVE_HEADERS}


def _check_headers(where: str, given: object) -> Headers:
    if not isinstance(given, Mapping):
        raise refuse_type(where, "a mapping of header names to values", given)
    fields = Headers()
    for name, value in cast("Mapping[object, object]", given).items():
        text = _check_free_header(where, name)
        fields.replace({text: check_header_text(f"{where}[{text!r}]", value)})
    return fields


_FORM = "application/x-www-form-urlencoded"


def _encode_body(body: object, fields: object) -> bytes | None:
    """Return the body as bytes, a string or the fields of a form in UTF-8; None for none."""
    if fields is not None:
        if body is not None:
            raise ApiValueError("fields: expected None beside a body, as they are one")
        return _encode_form(fields)
    if isinstance(body, str):
        return _encode("body", body)
    if not (body is None or isinstance(body, bytes)):
        raise refuse("body", "bytes, a string or None", body, kind=True)
    return body


def _encode_form(fields: object) -> bytes:
    from urllib.parse import urlencode  # noqa: PLC0415 - few calls send a form

    pairs: list[tuple[bytes, bytes]] = []
    for field in _check_list("fields", fields, _PAIRS):
        if len(pair := _check_list("fields", field, _PAIRS)) != 2:  # noqa: PLR2004 - a pair
            raise refuse_type("fields", _PAIRS, field)
        pairs.append((_encode("fields", pair[0]), _encode("fields", pair[1])))
    return urlencode(pairs).encode()


_PAIRS = "a list of pairs of strings, a name and a value"


def _encode(name: str, value: object) -> bytes:
    try:
        return check_text(name, value).encode()
    except UnicodeEncodeError as error:
        raise ApiValueError(
            f"{name}: expected text that UTF-8 can carry, "
            f"got a lone surrogate at character {error.start}"
        ) from None


def _check_list(name: str, value: object, expected: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise refuse_type(name, expected, value)
    return cast("Sequence[object]", value)


def _check_auth(given: object) -> list[str]:
    expected = f"a list of names of security schemes, of {', '.join(SECURITY_SCHEMES)}"
    names = [
        check_text("auth_settings", name) for name in _check_list("auth_settings", given, expected)
    ]
    for name in names:
        if name not in SECURITY_SCHEMES:
            raise refuse("auth_settings", expected, name)
    return names


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


def _check_accept(content_types: object) -> tuple[str, ...]:
    items = _check_list("accept_content_types", content_types, "a tuple of media types")
    texts = tuple(check_header_text("accept_content_types", item) for item in items)
    if "" in texts:
        raise refuse("accept_content_types", "a media type in each place", texts)
    return texts


def _make_key(method: str, given: str | None) -> str | None:
    """Return the key of a call: the one given, or a new one if the call changes something."""
    if given is not None:
        return _check_key(given)
    return None if method in _SAFE_METHODS else os.urandom(16).hex()


def _check_key(value: object) -> str:
    text = check_header_text("idempotency_key", value)
    if not text.isascii() or not 0 < len(text) <= _MAX_KEY:
        raise refuse("idempotency_key", f"1 to {_MAX_KEY} ASCII characters", text)
    return text


def _check_method(value: object) -> str:
    text = check_text("method", value, "an HTTP method")
    if not text.isascii() or not text.isalpha():
        raise refuse("method", "an HTTP method, such as GET", text)
    return text.upper()


def _check_target(value: object) -> str:
    text = check_text("resource_path", value, "a path")
    if not text.startswith("/") or "#" in text or any(not "!" <= c <= "~" for c in text):
        raise refuse("resource_path", "an escaped path that starts with /", text)
    return text
