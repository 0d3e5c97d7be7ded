"""What the tests of the checks share."""

import pytest

from gentrace.schemas import find_encoder


@pytest.fixture(params=["json", "orjson"], scope="module")
def dumps(request):
    """The encoder of each setting: the standard library's, and what `auto` takes if it is there."""
    if request.param == "json":
        assert find_encoder("json") is None
        return None
    pytest.importorskip("orjson", reason="orjson, the optional encoder, is not installed")
    encoder = find_encoder("auto")
    assert encoder is not None
    return encoder
