"""The default delivery while it is replaced."""

import sys

from gentrace.delivery import Delivery, default_delivery, set_default_delivery


def test_no_other_delivery_is_the_default_while_one_is_replaced():
    """A run that starts at that moment, in another thread, is masked by one of the two."""
    first, second = Delivery(), Delivery()
    before = set_default_delivery(first)
    tracing = sys.gettrace()
    found = []

    def look(frame, *_):
        if not frame.f_code.co_filename.endswith("default.py"):
            return None
        found.append(default_delivery())
        return look

    try:
        sys.settrace(look)
        previous = set_default_delivery(second)
        sys.settrace(tracing)
        assert previous is first
        assert default_delivery() is second
    finally:
        sys.settrace(tracing)
        set_default_delivery(before)
    assert found
    assert {first, second} >= set(found)
