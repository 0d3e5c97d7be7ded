"""Private members of other packages: the table in gentrace.rest has all, and each is there."""

import ast
import re
from pathlib import Path

import urllib3.connection
from support.peers import Peer, names, socks5
from urllib3.contrib.socks import SOCKSProxyManager

from gentrace import rest

TABLE = re.findall(r"^``(\w+)\.(_\w+)``", rest.__doc__, re.MULTILINE)
FILES = sorted(Path(rest.__file__).parent.glob("*.py"))


def test_table_names_what_urllib3_has():
    """A version that drops one fails here."""
    assert TABLE == [("HTTPConnection", "_new_conn"), ("SOCKSConnection", "_socks_options")]
    assert callable(urllib3.connection.HTTPConnection._new_conn)  # noqa: SLF001 - in the table
    pool = SOCKSProxyManager("socks5h://127.0.0.1:1").connection_from_host("a.test", 80)
    options = pool.ConnectionCls(host="a.test", **pool.conn_kw)._socks_options  # noqa: SLF001
    assert {"socks_version", "proxy_host", "proxy_port", "username", "password", "rdns"} <= set(
        options
    )


def private_names(tree):
    """What a module reads of other objects than its own: attributes, and those got by name."""
    nodes = list(ast.walk(tree))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    defined = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    slots = {
        constant.value
        for node in nodes
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__"
        for constant in ast.walk(node.value)
        if isinstance(constant, ast.Constant)
    }
    own = {node.attr for node in attributes if ast.unparse(node).startswith("self._")}
    stored = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
    got = {
        ast.unparse(node.args[1]).strip("'")
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "hasattr"}
    }
    read = {node.attr for node in attributes} - defined - slots - (own & stored)
    return {name for name in read | got if re.match("_[a-z]", name)}


def test_no_other_private_member_is_used():
    used = set()
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        used |= private_names(tree)
        # Of our private methods, those that override another's.
        used |= {"_new_conn"} & {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        }
    assert used == {member for _, member in TABLE}


def test_override_of_new_conn_is_called(connect):
    """Else addresses would not share the time, and nothing could be cut while connecting."""
    with Peer() as peer, names({"one.test": [peer.address]}) as asked:
        assert connect(peer.at("one.test"), access_token=None).works()
    assert asked == ["one.test"]


def test_options_of_socks_are_read(connect):
    with Peer() as peer, Peer(greet=socks5(("user", "secret"))) as proxy:
        address = f"socks5h://user:secret@127.0.0.1:{proxy.address[1]}"
        assert connect(peer, proxy=address).works()


def test_modules_of_the_room_are_named_in_its_page():
    """So that a reader finds where to begin."""
    named = set(re.findall(r"(?<!`)`(\w+)`(?!`)", rest.__doc__))
    assert {"client", "call", "routes", "connections", "framing", "response"} <= named
    assert named <= {path.stem for path in FILES}
