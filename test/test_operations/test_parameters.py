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
from gentrace.schemas import FREE_OBJECT, INTEGER, STRING, ArraySchema, unset


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


VALUES = {
    "text": (STRING, "a b/c,d;é%25~"),
    "number": (INTEGER, 7),
    "list": (ArraySchema(STRING), ["a,b", "c d", "é"]),
    "one": (ArraySchema(INTEGER), [7]),
    "none": (ArraySchema(STRING), []),
    "object": (FREE_OBJECT, {"a b": "c,d", "e": True, "f": 1.5}),
}


@pytest.mark.parametrize(
    ("kind", "explode", "path"),
    [
        ("text", False, "a%20b%2Fc%2Cd%3B%C3%A9%2525~"),
        ("number", True, "7"),
        ("list", False, "a%2Cb,c%20d,%C3%A9"),
        ("list", True, "a%2Cb,c%20d,%C3%A9"),
        ("one", False, "7"),
        ("object", False, "a%20b,c%2Cd,e,true,f,1.5"),
        ("object", True, "a%20b=c%2Cd,e=true,f=1.5"),
    ],
)
def test_path_parameter_is_of_simple_style(connect, kind, explode, path):
    schema, value = VALUES[kind]
    parameter = PathParameter("id", schema, required=True, explode=explode)
    request = call(connect, [parameter], {"id": value}, path="/runs/{id}/steps")
    assert request.target == f"/api/v1/runs/{path}/steps"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_parameter_never_makes_another_path(connect, value):
    with pytest.raises(ApiValueError, match=r"^id: expected "):
        call(
            connect, [PathParameter("id", STRING, required=True)], {"id": value}, path="/runs/{id}"
        )


@pytest.mark.parametrize(
    ("kind", "explode", "query"),
    [
        ("text", True, "?q=a%20b%2Fc%2Cd%3B%C3%A9%2525~"),
        ("number", False, "?q=7"),
        ("list", True, "?q=a%2Cb&q=c%20d&q=%C3%A9"),
        ("list", False, "?q=a%2Cb,c%20d,%C3%A9"),
        ("none", True, ""),
        ("none", False, ""),
        ("object", True, "?a%20b=c%2Cd&e=true&f=1.5"),
        ("object", False, "?q=a%20b,c%2Cd,e,true,f,1.5"),
    ],
)
def test_query_parameter_is_of_form_style(connect, kind, explode, query):
    schema, value = VALUES[kind]
    request = call(connect, [QueryParameter("q", schema, explode=explode)], {"q": value})
    assert request.target == f"/api/v1/runs{query}"


def test_query_parameter_is_exploded_unless_told_otherwise():
    assert QueryParameter("q", STRING).explode
    assert not PathParameter("q", STRING).explode
    assert not HeaderParameter("q", STRING).explode


@pytest.mark.parametrize(
    ("kind", "explode", "value"),
    [
        ("number", False, "7"),
        ("one", False, "7"),
        ("object", False, "a b,c,d,e,true,f,1.5"),
        ("object", True, "a b=c,d,e=true,f=1.5"),
    ],
)
def test_header_parameter_is_of_simple_style(connect, kind, explode, value):
    schema, given = VALUES[kind]
    request = call(connect, [HeaderParameter("X-A", schema, explode=explode)], {"X-A": given})
    assert request["X-A"] == value


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
