"""Sentry: its spans and events, which go to a function in place of the network."""

import sentry_sdk
from calls import TOKEN, main, make, post, tell

seen = []


def start():
    sentry_sdk.init(
        "http://public@127.0.0.1:1/1",
        traces_sample_rate=1.0,
        include_local_variables=True,
        before_send=lambda event, _hint: seen.append(event),
        before_send_transaction=lambda event, _hint: seen.append(event),
        default_integrations=True,
        auto_session_tracking=False,
        shutdown_timeout=0,
    )


def traced(api, key):
    with sentry_sdk.start_transaction(name="t"):
        post(api, key)
    return [span["op"] for span in seen[-1]["spans"]]


def tool_first(url):
    start()
    tell(spans=traced(make(url), "one"))


def call_first(url):
    api = make(url)
    post(api, "zero")
    start()
    tell(spans=traced(api, "one"))


def event(url):
    """An exception of a call, as an error tracker collects it: with the locals of all frames."""
    start()
    api = make(url)
    try:
        post(api)
    except Exception as error:  # noqa: BLE001 - what a program would report
        sentry_sdk.capture_exception(error)
    shown = repr(seen[-1]["exception"])
    tell(frames=shown.count("'vars'"), leaks=TOKEN in shown)


main(globals())
