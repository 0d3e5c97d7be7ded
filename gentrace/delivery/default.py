"""The default delivery, which is used where no other one is given."""

from __future__ import annotations

from typing import cast

from gentrace.configuration import hide_arguments, refuse_type
from gentrace.delivery.delivery import Delivery

_default: dict[str, tuple[Delivery, bool]] = {}
"""At most one delivery, and whether it was made here. Replacing it is one step, which no signal
handler can interrupt."""

_KEY = "delivery"


def default_delivery() -> Delivery:
    """Return the delivery that is used where no other one is given.

    Unless `set_default_delivery` has set one, the first call makes it, with the default
    configuration of that moment, and later calls return the same one. Changing an attribute of
    its client's configuration (`default_delivery().api_client.configuration`) acts on the next
    try.
    """
    found = _default.get(_KEY)
    return (_default.setdefault(_KEY, (Delivery(), True)) if found is None else found)[0]


@hide_arguments
def set_default_delivery(delivery: Delivery | None) -> Delivery | None:
    """Set the delivery that is used where no other one is given; None: the next use makes one.

    Returns:
        The previous one, not closed; None if there was none.

    Raises:
        ApiTypeError: neither a `Delivery` nor None.

    """
    if not (delivery is None or isinstance(cast("object", delivery), Delivery)):
        raise refuse_type("delivery", "a gentrace.Delivery or None", delivery)
    return _replace(delivery)[0]


def restore_default_delivery(delivery: Delivery | None, timeout: float) -> None:
    """Set the default delivery again that a test has replaced, and deliver the test's runs.

    Args:
        delivery: the one of before, as `set_default_delivery` returned it.
        timeout: seconds that the runs have. The present delivery is closed then if nobody but
            `default_delivery` has made it; one that the program has set stays open.

    """
    used, is_made_here = _replace(delivery)
    if used is not None and is_made_here:
        used.close(timeout)
    elif used is not None:
        used.flush(timeout)


def _replace(delivery: Delivery | None) -> tuple[Delivery | None, bool]:
    """Replace the default delivery; return the previous one, and whether it was made here."""
    previous = _default.pop(_KEY, (None, False))
    if delivery is not None:
        _default[_KEY] = delivery, False
    return previous
