"""A web application that records each of its requests."""

import gentrace

gentrace.set_default_delivery(gentrace.Delivery(exit_timeout=60))
pipeline = gentrace.Pipeline("answer-question")


@pipeline.traced
def answer(number):
    with gentrace.step("model", inputs={"number": number}):
        pass


def application(environ, start_response):
    answer(int(environ["PATH_INFO"].strip("/")))
    start_response("200 OK", [("Content-Length", "0")])
    return []
