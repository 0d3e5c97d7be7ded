"""The default delivery, which is used where no other one is given."""

from __future__ import annotations

# The first run would load it, for `GENTRACE_HOST`, while another thread may fork.
import urllib.parse  # noqa: F401  # pyright: ignore[reportUnusedImport]

from gentrace.configuration import check_instance, hide_arguments
from gentrace.delivery.delivery import Delivery

_default: dict[str, Delivery] = {}
"""At most one item: replacing it is one step, which no signal handler can interrupt."""

_KEY = "delivery"


def default_delivery() -> Delivery:
    """Return the delivery that is used where no other one is given.

    Unless `set_default_delivery` has set one, the first call makes it, with the default
    configuration of that moment, and later calls return the same one. Changing an attribute of
    its client's configuration (`default_delivery().api_client.configuration`) acts on the next
    try.

    Raises:
        ApiValueError: it makes one, and `GENTRACE_HOST` or `GENTRACE_API_KEY` is not valid.

    """
    delivery = _default.get(_KEY)
    return _default.setdefault(_KEY, Delivery()) if delivery is None else delivery


@hide_arguments
def set_default_delivery(delivery: Delivery | None) -> Delivery | None:
    """Set the delivery that is used where no other one is given; None: the next use makes one.

    Returns:
        The previous one, not closed; None if there was none.

    Raises:
        ApiTypeError: neither a `Delivery` nor None.

    """
    if delivery is not None:
        check_instance("delivery", delivery, Delivery, "a gentrace.Delivery or None")
    if delivery is None:
        return _default.pop(_KEY, None)
    # Not popped first: another thread would make one in between, without a mask.
    previous = _default.get(_KEY)
    _default[_KEY] = delivery
    return previous
