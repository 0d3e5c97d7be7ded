"""OpenTelemetry's instrumentation of urllib3."""

from calls import fail, main, make, post, tell
from opentelemetry import trace
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()


def instrument():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    URLLib3Instrumentor().instrument()


def spans():
    return [
        {"name": span.name, "trace": f"{span.context.trace_id:032x}", **dict(span.attributes)}
        for span in exporter.get_finished_spans()
    ]


def tool_first(url):
    instrument()
    post(make(url), "one")
    tell(spans=spans())


def call_first(url):
    api = make(url)
    post(api, "zero")
    instrument()
    post(api, "one")
    seen = spans()
    URLLib3Instrumentor().uninstrument()
    post(api, "two")
    tell(spans=seen, after=len(spans()) - len(seen))


def attempts(url):
    instrument()
    post(make(url, retries=1), "one")
    tell(spans=spans())


def refused(url):
    instrument()
    tell(kind=fail(make(url))["kind"], spans=spans())


main(globals())
