"""What the type checkers know of a delivery. Checked, never run."""

from typing import Any, reveal_type

import gentrace
from gentrace import Delivery, DeliveryError, default_delivery, set_default_delivery
from gentrace.model.pipeline_run_request import PipelineRunRequest


def mask(step: dict[str, Any]) -> dict[str, Any]:
    """Keep all."""
    return step


run = PipelineRunRequest(name="answer", step_runs=[])
delivery = Delivery(gentrace.ApiClient(), spool="spool", mask=mask, exit_timeout=1)
reveal_type(delivery.submit({"name": "answer", "step_runs": []}, idempotency_key="key"))  # Receipt
receipt = delivery.submit(run)
reveal_type(receipt.result(timeout=5))  # str
reveal_type(receipt.exception(0))  # BaseException | None
reveal_type(receipt.idempotency_key)  # str
reveal_type(delivery.flush())  # bool
reveal_type(delivery.close(timeout=None))  # bool
reveal_type(delivery.stats())  # DeliveryStats
reveal_type(delivery.stats().accepted)  # int
reveal_type(delivery.stats().dropped["queue_full"])  # int
reveal_type(default_delivery())  # Delivery
reveal_type(set_default_delivery(None))  # Delivery | None
reveal_type(delivery.api_client)  # ApiClient

with delivery as entered:
    reveal_type(entered)  # Delivery


async def wait(receipt: gentrace.Receipt) -> None:
    """Wait on a loop."""
    reveal_type(await receipt)  # str


error = DeliveryError("refused", "key")
reveal_type(error.reason)  # str
reveal_type(error.idempotency_key)  # str | None
