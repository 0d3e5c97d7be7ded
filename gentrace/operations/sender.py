"""Who sends requests: the configuration, and the header fields that go with every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gentrace._version import __version__
from gentrace.configuration import Configuration, check_header_text, error_of, refuse_type
from gentrace.configuration.secrets import Headers, Secret, find_secrets
from gentrace.operations.headers import DefaultHeaders, drop_secrets, fill_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USER_AGENT = f"gentrace-python/{__version__}"


class Sender:
    """What a client adds to its requests: the token, its cookie and its default header fields.

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
    def configuration(self, value: Configuration) -> None:
        if not isinstance(cast("object", value), Configuration):
            raise refuse_type("configuration", "a gentrace.Configuration", value)
        self._configuration = value

    @property
    def default_headers(self) -> DefaultHeaders:
        """Header fields that go with every request; others may be put in their place."""
        return self._default_headers

    @default_headers.setter
    def default_headers(self, fields: Mapping[str, str]) -> None:
        checked = Headers()
        error = error_of(fill_headers, checked, "default_headers", fields)
        if error is not None:
            # The frame of this call shows none of them in a traceback.
            del fields
            raise error
        self._default_headers = DefaultHeaders()
        self._default_headers.update(checked)

    @property
    def cookie(self) -> str | None:
        """Value of the header field `Cookie`; None sends none."""
        return self._cookie

    @cookie.setter
    def cookie(self, value: str | None) -> None:
        error = None if value is None else error_of(_check_cookie, value)
        if error is not None:
            # The frame of this call does not show it in a traceback.
            del value
            raise error
        self._cookie = None if value is None else Secret(str.__str__(value))

    @property
    def user_agent(self) -> str:
        """Value of the header field `User-Agent`."""
        return self._default_headers.get("User-Agent", USER_AGENT)

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        try:
            self._default_headers["User-Agent"] = value
        finally:
            del value  # The frame of this call does not show it in a traceback.

    def set_default_header(self, header_name: str, header_value: str | None) -> None:
        """Send a header field with every request, in place of the client's own of that name.

        Raises:
            ApiTypeError: not strings.
            ApiValueError: it cannot be sent, or is not the caller's to say.

        """
        try:
            self._default_headers[header_name] = cast("str", header_value)
        finally:
            # The frame of this call does not show it in a traceback.
            del header_name, header_value

    def make_headers(
        self, derived: Headers, own: Headers, auth: Sequence[str], *, foreign: bool = False
    ) -> tuple[Headers, list[str]]:
        """Return the header fields of a request, of three layers, and what of them is secret.

        Args:
            derived: what follows from the call, of body and answers; the user agent and the token
                are added. It is the lowest layer; the fields of this client stand in its place.
            own: the call's own fields, which stand in place of both.
            auth: names of the security schemes to use.
            foreign: whether the host is another one, which gets none of this client's secrets.

        Raises:
            ApiValueError: a secret was lost in a pickle.

        """
        configuration = self._configuration
        configuration.check_complete()
        fields = Headers({**derived, "User-Agent": USER_AGENT})
        secrets: list[str] = []
        if configuration.access_token is not None and "bearerAuth" in auth:
            secrets.append(Secret(configuration.access_token))
            fields["Authorization"] = Secret(f"Bearer {configuration.access_token}")
        clients = Headers()
        if self._cookie is not None:
            clients["Cookie"] = self._cookie
        clients.replace(self._default_headers)
        fields.replace(drop_secrets(clients) if foreign else clients)
        fields.replace(own)
        secrets += find_secrets(fields)
        return fields, secrets


def _check_cookie(value: object) -> None:
    check_header_text("cookie", value)
