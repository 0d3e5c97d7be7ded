"""A delivery in memory, and what its runs hold."""

import json

from gentrace.delivery import Delivery, DeliveryError
from gentrace.models import PipelineRunRequest


class InMemory(Delivery):
    """Takes runs as a delivery does, keeps their bytes, and ends their receipts at once.

    Attributes:
        bodies: the bytes of the runs that came.
        drops: the reasons of those that were dropped.

    """

    def __init__(self, mask=None, off=None):
        super().__init__(mask=mask)
        self.off = off
        self.bodies = []
        self.drops = []

    def off_reason(self):
        return self.off

    def enqueue(self, body, receipt):
        self.bodies.append(body)
        receipt.end(f"run {len(self.bodies)}")

    def drop(self, receipt, reason):
        self.drops.append(reason)
        receipt.end_with(reason)

    @property
    def runs(self):
        """The runs that came, as JSON has them, each of which a call would take."""
        runs = [json.loads(body) for body in self.bodies]
        for run in runs:
            PipelineRunRequest.from_openapi_data_oapg(run)
        return runs

    @property
    def steps(self):
        """The steps of the only run that came."""
        (run,) = self.runs
        return run["stepRuns"]

    @property
    def providers(self):
        """The providers of the steps of the only run that came."""
        return [step.get("provider", {}) for step in self.steps]


def reason_of(receipt):
    """The reason with which a receipt has ended; its text where it was delivered."""
    error = receipt.exception(timeout=5)
    if error is None:
        return receipt.result()
    assert isinstance(error, DeliveryError)
    return error.reason
