"""How the parameters of an operation are written."""

import pytest
from support.header_fields import BAD_TEXT, RESERVED
from support.peers import Peer

from gentrace.api_client import (
    ApiResponse,
    HeaderParameter,
    OpenApiResponse,
    Operation,
    PathParameter,
    QueryParameter,
)
from gentrace.exceptions import (
    ApiTypeError,
    ApiValueError,
)
from gentrace.schemas import INTEGER, STRING, unset
from gentrace.schemas.more_types import BOOLEAN, NUMBER


def call(connect, parameters, arguments, path="/runs", **settings):
    """The request of an operation that has these parameters."""
    operation = Operation(
        "runs_get",
        "GET",
        path,
        tag="Runs",
        summary="Get runs",
        responses={200: OpenApiResponse(ApiResponse, "runs")},
        parameters=parameters,
    )
    with Peer() as peer:
        answer = connect(peer, **settings).client.call(operation, arguments=arguments)
        assert (answer.body, answer.response.status) == (unset, 200)
    (request,) = peer.requests
    assert request["Accept"] in {None, "*/*"}
    return request


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        (STRING, "a b/c,d;é%25~", "a%20b%2Fc%2Cd%3B%C3%A9%2525~"),
        (INTEGER, 7, "7"),
        (NUMBER, 1.5, "1.5"),
        (BOOLEAN, True, "true"),
    ],
)
def test_path_and_query_parameters_are_escaped(connect, schema, value, path):
    parameter = PathParameter("id", schema, required=True)
    request = call(connect, [parameter], {"id": value}, path="/runs/{id}/steps")
    assert request.target == f"/api/v1/runs/{path}/steps"
    request = call(connect, [QueryParameter("q", schema)], {"q": value})
    assert request.target == f"/api/v1/runs?q={path}"


@pytest.mark.parametrize("value", ["..", "../x", "a/../b", "a/./b", "a/.."])
def test_path_parameter_has_no_dot_segment_where_slashes_stay(connect, value):
    parameter = PathParameter("id", STRING, required=True)
    settings = {"path": "/runs/{id}", "safe_chars_for_path_param": "/"}
    with pytest.raises(ApiValueError, match=r"^id: expected text that names something in a path"):
        call(connect, [parameter], {"id": value}, **settings)
    assert call(connect, [parameter], {"id": "a/..b"}, **settings).target == "/api/v1/runs/a/..b"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_parameter_never_makes_another_path(connect, value):
    with pytest.raises(ApiValueError, match=r"^id: expected "):
        call(
            connect, [PathParameter("id", STRING, required=True)], {"id": value}, path="/runs/{id}"
        )


def test_header_parameter_is_written_as_it_is(connect):
    parameters = [HeaderParameter("X-A", STRING), HeaderParameter("X-B", INTEGER)]
    request = call(connect, parameters, {"X-A": "a b,c", "X-B": 7})
    assert (request["X-A"], request["X-B"]) == ("a b,c", "7")


@pytest.mark.parametrize("name", [*RESERVED, "host", "a b", ""])
def test_header_parameter_of_a_name_that_cannot_be_sent_is_refused(name):
    with pytest.raises(ApiValueError, match=r"^parameters.*: .+"):
        HeaderParameter(name, STRING)


def test_header_parameter_has_one_spelling_on_the_wire(connect):
    parameters = [HeaderParameter("X-A", STRING), HeaderParameter("x-a", STRING)]
    request = call(connect, parameters, {"X-A": "1", "x-a": "2"})
    assert request.all("X-A") == ["2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["q"], r"^arguments: expected a mapping of parameters by name, got list"),
        ("q", r"^arguments: expected a mapping of parameters by name, got str"),
        ({"limitt": 5}, r"^arguments: runs_get has no 'limitt': did you mean 'limit'\?$"),
        ({"limit": 5, "xyzzy": unset}, r"^arguments: runs_get has no 'xyzzy'$"),
        ({1: 5}, r"^arguments: runs_get has no 1$"),
    ],
)
def test_arguments_that_are_no_parameters_are_refused(connect, arguments, message):
    with pytest.raises(ApiTypeError, match=message):
        call(connect, [QueryParameter("limit", INTEGER)], arguments)


def test_path_that_cannot_be_sent_is_refused(connect):
    with pytest.raises(ApiValueError, match=r"^resource_path: expected an escaped path"):
        call(connect, [], None, path="/runs of mine")


def test_parameters_that_are_not_given_are_left_out(connect):
    parameters = [QueryParameter("q", STRING), HeaderParameter("X-A", STRING)]
    for arguments in (None, {}, {"q": unset}):
        request = call(connect, parameters, arguments)
        assert request.target == "/api/v1/runs"
        assert request["X-A"] is None


@pytest.mark.parametrize("kind", [PathParameter, QueryParameter, HeaderParameter])
def test_wrong_parameter_is_refused_by_name(connect, kind):
    with pytest.raises(ApiTypeError, match=r"^q: expected a value, got none"):
        call(connect, [kind("q", STRING, required=True)], {})
    with pytest.raises(ApiTypeError, match=r"expected an integer, got str '7' at \$\.q") as caught:
        call(connect, [kind("q", INTEGER)], {"q": "7"})
    assert caught.value.path_to_item == ("q",)


@pytest.mark.parametrize("text", BAD_TEXT)
def test_header_parameter_cannot_break_the_head(connect, text):
    with pytest.raises(ApiValueError, match=r"^X-A: expected "):
        call(connect, [HeaderParameter("X-A", STRING)], {"X-A": text})
