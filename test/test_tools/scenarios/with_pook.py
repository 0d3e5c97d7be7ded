"""pook: mocked answers, and real ones before and after."""

import pook
from calls import fail, main, make, post, tell


def mocked(url, status=200):
    pook.on()
    mock = pook.post(f"{url}/pipeline-run").reply(status)
    mock.json({"pipelineRunId": "mocked"})
    try:
        api = make(url)
        return post(api) if status < 300 else fail(api)["kind"]
    finally:
        pook.off()


def tool_first(url):
    tell(runs=[mocked(url), post(make(url), "real")])


def call_first(url):
    api = make(url)
    tell(runs=[post(api, "first"), mocked(url), post(api, "real")])


def refusal(url):
    tell(kind=mocked(url, 400))


main(globals())
