"""Pickles of version 2.0.0 load."""

import base64
import pickle

from gentrace import ApiClient

PICKLE = (
    "fCQCf0RR910001t6K7>^baG*1WiDZGX<uV(X=QG7l#B>pa%FRLZ*panlawfE0E`JiaA`wqX=QG7l#`T<7H4H{baG"
    "*1WiDfHZf0p`b#h^JX>V?nXaSRyXa$T7LvL<oX=inEVRUJ4Zj_UheUvDS2V-bqZf9k4luHGS1ZZz_bd-"
    "z~XmoUNIxjCVGB++TE-"
    ")@JIx#PJl#C2vV`F7=b6<3CYh`Yfj1gyLZgg^CV`VO1ZDDh3X>Mnfj0RI>V{&D5l#`T<3t?hoWMyV&XlZI|l!cUm"
    "l#C2;X=7__WnXk}Yh`Yfh>Qhra&LHflxPr)4rp|Aa5^t9bvkfBXgV>Jg_MDmj16#dZ+LlMXk}q!WpZ<rj0$FQZ+c"
    "~JWNBk`lxP~0lzo(p0b!JA5R3t0l!cUmlyilYQj~Qlk(7s&Qj~p^j00FLL6nRPb7f<4Wps08V{&D5lyi&&VLf7$O"
    "9OP2Qj{("
)
"""A client of version 2.0.0, with its token and three threads."""


def test_client_of_version_2_0_0_loads_with_its_settings():
    client = pickle.loads(base64.b85decode(PICKLE))  # noqa: S301 - our own
    assert type(client) is ApiClient
    assert client.configuration.host == "http://127.0.0.1:1/x"
    assert client.configuration.access_token == "abcdefghijk"  # noqa: S105 - of nobody
    assert (client.cookie, client.pool_threads) == ("a=b", 3)
    assert dict(client.default_headers) == {"X-A": "secretsecret"}
    assert "abcdefghijk" not in repr(vars(client.configuration))
