"""What records runs while they happen: scripts, each as its own documentation writes it.

Each records a body's ten steps one after the other: their parameters and inputs when they start,
their outputs before they end. It sends in the background, with defaults as shipped; `flush` waits
until everything has arrived.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.clients import Client
from benchmarks.peers import Recipe

RUNS = 50
"""How many runs are recorded before it is waited for them: less than any recorder's queue holds."""

DELIVERED = 100
"""How many runs are submitted before it is waited for them."""

_FUNCTIONS = {
    "call": "record(body) or flush()",
    "record": "record(body)",
    "flush": "flush()",
    "record many": f"[record(body) for _ in range({RUNS})] and flush()",
}

_GENTRACE = """
configuration = gentrace.Configuration(host=URL, access_token=TOKEN)
api_client = gentrace.ApiClient(configuration)
delivery = gentrace.Delivery(api_client{spool})
pipeline = gentrace.Pipeline("answer-question", delivery=delivery)

def record(body):
    with pipeline.start() as run:
        for step_run in body["stepRuns"]:
            provider = step_run["provider"]
            with run.step(
                provider["name"],
                invocation=provider["invocation"],
                model_params=provider["modelParams"],
                inputs=provider["inputs"],
            ) as step:
                step.outputs = provider["outputs"]

def flush():
    if not delivery.flush(60) or sum(delivery.stats().dropped.values()):
        raise RuntimeError(f"not all arrived: {{delivery.stats()}}")
"""

GENTRACE = Client(
    title="gentrace, five packages only",
    imports="import gentrace\n",
    setup=_GENTRACE.format(spool=""),
    functions={
        **_FUNCTIONS,
        "steps": "steps(body)",
        "post": "api.pipeline_run_post(body=body)",
        "submit": "delivery.submit(body)",
        "dumps": "json.dumps(body)",
        "deliver": "deliver(body)",
    },
    extra=f"""
import json
from gentrace.apis.tags.ingestion_api import IngestionApi

api = IngestionApi(api_client)

def steps(count):
    run = pipeline.start()
    for _ in range(count):
        with run.step("openai", invocation="chat.completions.create"):
            pass
    run.discard()

def deliver(body):
    for _ in range({DELIVERED}):
        delivery.submit(body)
    flush()
""",
    hidden=("orjson",),
)
GENTRACE_SPOOL = replace(
    GENTRACE,
    title="gentrace, five packages only, with a spool",
    setup=_GENTRACE.format(spool=', spool="spool"'),
)

_OPENTELEMETRY = Client(
    title="OpenTelemetry",
    imports="""
import json
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
""",
    setup="""
provider = TracerProvider(resource=Resource.create({"service.name": "benchmark"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=URL + "/v1/traces")))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("benchmark")

def record(body):
    with tracer.start_as_current_span("answer-question"):
        for step_run in body["stepRuns"]:
            called = step_run["provider"]
            with tracer.start_as_current_span(called["invocation"]) as span:
                span.set_attribute("gen_ai.system", called["name"])
                span.set_attribute("parameters", json.dumps(called["modelParams"]))
                span.set_attribute("input", json.dumps(called["inputs"]))
                span.set_attribute("output", json.dumps(called["outputs"]))

def flush():
    if not provider.force_flush(60_000):
        raise RuntimeError("not all arrived")
""",
    functions={**_FUNCTIONS, "steps": "steps(body)"},
    extra="""
def steps(count):
    with tracer.start_as_current_span("answer-question"):
        for _ in range(count):
            with tracer.start_as_current_span("chat.completions.create"):
                pass
""",
    note="attributes are texts, so parameters, inputs and outputs go through `json.dumps`",
)

_LANGFUSE = Client(
    title="langfuse",
    imports="from langfuse import Langfuse\n",
    setup="""
langfuse = Langfuse(public_key="pk-lf-benchmark", secret_key=TOKEN, base_url=URL)

def record(body):
    with langfuse.start_as_current_observation(name="answer-question"):
        for step_run in body["stepRuns"]:
            called = step_run["provider"]
            with langfuse.start_as_current_observation(
                as_type="generation",
                name=called["invocation"],
                model=called["modelParams"]["model"],
                model_parameters=called["modelParams"],
                input=called["inputs"],
            ) as generation:
                generation.update(output=called["outputs"])

def flush():
    langfuse.flush()
""",
    functions=_FUNCTIONS,
)

_LANGSMITH = Client(
    title="langsmith",
    imports="import langsmith\n",
    setup="""
client = langsmith.Client(api_url=URL, api_key=TOKEN)
context = langsmith.tracing_context(enabled=True, client=client, project_name="benchmark")
context.__enter__()

def record(body):
    with langsmith.trace("answer-question", client=client):
        for step_run in body["stepRuns"]:
            called = step_run["provider"]
            with langsmith.trace(
                called["invocation"],
                run_type="llm",
                inputs=called["inputs"],
                metadata=called["modelParams"],
                client=client,
            ) as run:
                run.end(outputs=called["outputs"])

def flush():
    client.flush()
""",
    functions=_FUNCTIONS,
)

_BRAINTRUST = Client(
    title="braintrust",
    imports="import braintrust\n",
    setup="""
logger = braintrust.init_logger(project="benchmark", app_url=URL, api_key=TOKEN)

def record(body):
    with logger.start_span(name="answer-question") as root:
        for step_run in body["stepRuns"]:
            called = step_run["provider"]
            with root.start_span(name=called["invocation"], type="llm") as span:
                span.log(
                    input=called["inputs"],
                    output=called["outputs"],
                    metadata=called["modelParams"],
                )

def flush():
    logger.flush()
""",
    functions=_FUNCTIONS,
)

RECORDERS = {
    "gentrace": GENTRACE,
    "gentrace-orjson": replace(GENTRACE, title="gentrace with orjson", hidden=()),
    "gentrace-spool": GENTRACE_SPOOL,
    "gentrace-orjson-spool": replace(
        GENTRACE_SPOOL, title="gentrace with orjson, with a spool", hidden=()
    ),
}
"""The recorders that need nothing but the benchmarks' own environment, by key."""

PEERS = {
    "opentelemetry": (_OPENTELEMETRY, Recipe("opentelemetry-exporter-otlp-proto-http==1.45.*")),
    "langfuse": (_LANGFUSE, Recipe("langfuse==5.0.*")),
    "langsmith": (_LANGSMITH, Recipe("langsmith==0.15.*")),
    "braintrust": (_BRAINTRUST, Recipe("braintrust==0.48.*")),
}
"""Other SDKs that record, by key."""
