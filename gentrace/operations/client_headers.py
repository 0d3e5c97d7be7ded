"""What a client adds to each request: its token, its cookie and its default header fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

from gentrace._version import __version__
from gentrace.configuration import (
    Configuration,
    check_header_text,
    check_instance,
    hide_arguments,
)
from gentrace.configuration.secrets import Headers, Secret, find_secrets
from gentrace.exceptions import ApiValueError
from gentrace.operations.headers import DefaultHeaders, check_headers, drop_secrets

USER_AGENT = f"gentrace-python/{__version__}"


class ClientHeaders:
    """Adds the token, the cookie and the default header fields of a client to its requests.

    Args:
        configuration: where the API is and how to reach it; kept, not copied, so that a later
            change acts from the next call on. None takes `Configuration.get_default_copy()`.
        header_name: name of a header field that goes with every request, None for none.
        header_value: its value.
        cookie: value of the header field `Cookie`, None for none.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: a header field or cookie that cannot be sent.

    """

    _not_copied: tuple[str, ...] = ()
    """Attributes that serve this instance alone; a copy begins with an empty dict in each."""

    _lost: frozenset[str] = frozenset()
    """Names of header fields that were left out of a pickle and not set again."""

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
    ) -> None:
        self._default_headers = DefaultHeaders()
        self.configuration = (
            Configuration.get_default_copy() if configuration is None else configuration
        )
        self.cookie = cookie
        if header_name is not None or header_value is not None:
            self.set_default_header(cast("str", header_name), header_value)

    @property
    def configuration(self) -> Configuration:
        """Where the API is and how to reach it."""
        return self._configuration

    @configuration.setter
    @hide_arguments
    def configuration(self, value: Configuration) -> None:
        expected = "a gentrace.Configuration"
        self._configuration = check_instance("configuration", value, Configuration, expected)

    @property
    def default_headers(self) -> DefaultHeaders:
        """Header fields that go with every request; assigning replaces all of them."""
        return self._default_headers

    @default_headers.setter
    @hide_arguments
    def default_headers(self, fields: Mapping[str, str]) -> None:
        checked = DefaultHeaders()
        checked.update(check_headers("default_headers", fields))
        self._default_headers = checked
        self._lost &= {"Cookie"}

    @property
    def cookie(self) -> str | None:
        """Value of the header field `Cookie`; None sends none."""
        return self._cookie

    @cookie.setter
    @hide_arguments
    def cookie(self, value: str | None) -> None:
        self._cookie = None if value is None else Secret(check_header_text("cookie", value))
        self._lost -= {name for name in self._lost if name.lower() == "cookie"}

    @property
    def user_agent(self) -> str:
        """Value of the header field `User-Agent`."""
        return self._default_headers.get("User-Agent", USER_AGENT)

    @user_agent.setter
    @hide_arguments
    def user_agent(self, value: str) -> None:
        self._default_headers["User-Agent"] = value

    @hide_arguments
    def set_default_header(self, header_name: str, header_value: str | None) -> None:
        """Send a header field with every request; it overrides the client's own of that name.

        Raises:
            ApiTypeError: not strings.
            ApiValueError: it cannot be sent, or only the client sets it.

        """
        self._default_headers[header_name] = cast("str", header_value)

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__setstate__(self._attributes())
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy  # noqa: PLC0415 - the caller has imported it

        twin = memo[id(self)] = object.__new__(type(self))
        twin.__setstate__(deepcopy(self._attributes(), memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a pickle; with secrets only if its configuration allows it."""
        state = self._attributes()
        if not self._configuration.pickle_token:
            fields: DefaultHeaders = state["_default_headers"]
            lost = fields.remove_secrets()
            if state["_cookie"] is not None:
                lost |= {"Cookie"}
            state |= {"_cookie": None, "_lost": self._lost | lost}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, **{name: {} for name in self._not_copied})

    def _attributes(self) -> dict[str, Any]:
        """Return the attributes of a copy, with those of subclasses."""
        attributes = vars(self).copy()
        for name in self._not_copied:
            del attributes[name]
        return {**attributes, "_default_headers": self._default_headers.__copy__()}

    def make_headers(
        self,
        configuration: Configuration,
        derived: Headers,
        own: Headers,
        auth: Sequence[str],
        *,
        foreign: bool = False,
    ) -> tuple[Headers, list[str]]:
        """Return the header fields of a request, and the secrets of them and of this client.

        Args:
            configuration: the configuration that the call started with; `self.configuration` may
                have been replaced by another thread.
            derived: fields that follow from body and answers of the call. The default header
                fields of this client override them.
            own: fields of the call itself; they override all others.
            auth: names of the security schemes to use.
            foreign: whether the host is not that of the configuration; it gets no secret of this
                client.

        Raises:
            ApiValueError: a secret was left out of a pickle.

        """
        configuration.check_complete()
        self.check_complete()
        token = configuration.access_token
        fields = Headers({"Accept-Encoding": "identity", **derived, "User-Agent": USER_AGENT})
        if token is not None and "bearerAuth" in auth:
            fields["Authorization"] = Secret(f"Bearer {token}")
        clients = Headers()
        if self._cookie is not None:
            clients["Cookie"] = self._cookie
        clients.replace(self._default_headers)
        fields.replace(drop_secrets(clients) if foreign else clients)
        fields.replace(own)
        secrets = find_secrets(fields)
        if foreign:
            secrets += find_secrets(clients)
        if token is not None and token not in secrets:
            secrets.append(token)
        return fields, secrets

    def check_complete(self) -> None:
        """Check that each header field that was left out of a pickle was set again.

        Raises:
            ApiValueError: one was not.

        """
        for name in sorted(self._lost):
            if name not in self._default_headers:
                raise ApiValueError(
                    f"{name}: this header field was left out when the client was pickled; set it "
                    "here, or set Configuration.pickle_token = True before pickling"
                )
