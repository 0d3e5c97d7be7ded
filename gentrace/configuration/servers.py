"""The servers of the document: which one a configuration selects, and its address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from gentrace.configuration import document
from gentrace.configuration.addresses import check_host
from gentrace.configuration.errors import refuse, refuse_type
from gentrace.configuration.numbers import check_integer
from gentrace.configuration.setting import Setting
from gentrace.configuration.texts import check_text, mapping_of, or_none

if TYPE_CHECKING:
    Servers = Sequence[Mapping[str, Any]]

BY_OPERATION = "by operation, as pipeline_run_post"


class HostSetting(Setting[str, str]):
    """The setting `host`; its default is the address of the selected server."""

    if not TYPE_CHECKING:

        def __get__(self, instance: Any, owner: type) -> Any:
            if instance is None:
                return self
            return find_url(instance.server_index, instance.server_variables, document.SERVERS)


def find_url(index: int | None, variables: Mapping[str, str], servers: Servers) -> str:
    """Return the address of a server with its variables filled in; None is the first server.

    Variables that the server does not have are ignored.

    Raises:
        ApiTypeError, ApiValueError: no such server, or its address is not a valid host.

    """
    expected = f"the index of one of {len(servers)} servers"
    position = 0 if index is None else index
    server = servers[check_integer("server_index", position, expected, 0, len(servers) - 1)]
    url = str(server["url"])
    for name, variable in server.get("variables", {}).items():
        default = variable.get("default_value", variable.get("default", ""))
        url = url.replace(f"{{{name}}}", variables.get(name, default))
    return _check_url(url)


def check_servers(value: object) -> Servers:
    """Return servers in the form of `get_host_settings`; ApiTypeError for anything else."""
    if not _are_servers(value):
        expected = "a list of servers, each a mapping with its url, as get_host_settings returns"
        raise refuse_type("servers", expected, value)
    return value


def _are_servers(value: object) -> TypeGuard[Servers]:
    return isinstance(value, Sequence) and all(map(_is_server, cast("Sequence[object]", value)))


def _is_server(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    server = cast("Mapping[str, object]", value)
    variables = server.get("variables", {})
    if not isinstance(server.get("url"), str) or not isinstance(variables, Mapping):
        return False
    named = cast("Mapping[object, object]", variables)
    return all(isinstance(name, str) and _is_variable(named[name]) for name in named)


def _is_variable(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    variable = cast("Mapping[str, object]", value)
    default = variable.get("default_value", variable.get("default", ""))
    allowed = variable.get("enum_values", variable.get("enum", ()))
    return isinstance(default, str) and isinstance(allowed, Collection)


@lru_cache(maxsize=64)
def _check_url(url: str) -> str:
    """Validate the address of a server; cached, as every call needs it."""
    return check_host("host", url)


def check_variables_of(servers: Servers, name: str, value: object) -> Mapping[str, str]:
    """Return values of variables, each of which at least one of `servers` has.

    Raises:
        ApiTypeError: not a mapping of strings to strings.
        ApiValueError: no server has such a variable, or the variable does not allow the value.

    """
    given = mapping_of(check_text, "of variable names to values")(name, value)
    known: dict[str, Any] = {}
    for server in servers:
        known |= server.get("variables", {})
    for key, text in given.items():
        if key not in known:
            urls = " or ".join(str(server["url"]) for server in servers)
            raise refuse(name, f"variables of {urls}: {sorted(known) or 'none'}", key)
        allowed = known[key].get("enum_values", known[key].get("enum", (text,)))
        if text not in allowed:
            raise refuse(f"{name}[{key!r}]", f"one of {allowed}", text)
    return given


def check_variables(name: str, value: object) -> Mapping[str, str]:
    """Return values of variables that the document's servers have."""
    return check_variables_of(document.SERVERS, name, value)


def check_index(name: str, value: object) -> int:
    """Return the index of one of the document's servers."""
    count = len(document.SERVERS)
    return check_integer(name, value, f"the index of one of {count} servers, or None", 0, count - 1)


check_operation_index = mapping_of(or_none(check_index), BY_OPERATION)
check_operation_variables = mapping_of(check_variables, BY_OPERATION)
