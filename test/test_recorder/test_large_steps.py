"""Steps that are too large to be sent, and what is cut of them."""

import json

from gentrace.recorder import Pipeline

LARGE = {"truncated": "1.1 MiB"}


def sizes(delivery):
    return [len(json.dumps(one, ensure_ascii=False).encode()) for one in delivery.steps]


def test_large_step_has_its_long_texts_cut(pipeline, delivery):
    with pipeline.start() as run:
        with run.step("a", inputs={"a": ["x" * 600_000, "y" * 10_001]}) as one:
            one.outputs = {"b": "z" * 600_000, "c": "w" * 10_000, "d": 5}
        with run.step("b", inputs={"a": "x" * 1_000_000}):
            pass
    first, second = delivery.providers
    assert first["inputs"]["a"] == [
        "x" * 10_000 + "… (600000 characters)",
        "y" * 10_000 + "… (10001 characters)",
    ]
    assert first["outputs"] == {
        "b": "z" * 10_000 + "… (600000 characters)",
        "c": "w" * 10_000,
        "d": 5,
    }
    assert second["inputs"] == {"a": "x" * 1_000_000}


def test_larger_step_loses_outputs_then_inputs_then_parameters(pipeline, delivery):
    many = ["x" * 9_000] * 100
    few = ["x" * 9_000] * 3
    with pipeline.start() as run:
        for inputs, outputs, parameters in (
            (few, many + few * 6, few),
            (many + few * 6, few, few),
            (many, many, many + few * 6),
        ):
            with run.step("a", model_params={"p": parameters}, inputs={"i": inputs}) as one:
                one.outputs = {"o": outputs}
                one.error = "e" * 500
    assert all(size <= 2**20 for size in sizes(delivery))
    cut = [
        [name for name in ("modelParams", "inputs", "outputs") if "truncated" in provider[name]]
        for provider in delivery.providers
    ]
    assert cut == [["outputs"], ["inputs", "outputs"], ["modelParams", "inputs", "outputs"]]
    assert delivery.providers[1]["outputs"] == {"truncated": "26.4 KiB"}
    assert delivery.providers[1]["inputs"] == {"truncated": "1.0 MiB"}
    assert all(one["error"] == "e" * 500 for one in delivery.steps)


def test_large_step_that_was_added_keeps_its_names_and_times(pipeline, delivery):
    content = {"a": ["x" * 5_000] * 2_580}
    added = {
        "provider": {"name": "n" * 20_000, "inputs": content, "more": "m" * 20_000},
        "elapsedTime": 5,
        "startTime": "2024-01-01T00:00:00Z",
        "error": "e" * 20_000,
        "other": {"b": "o" * 20_000},
    }
    with pipeline.start() as run:
        run.add_step_run(added)
    (found,) = delivery.steps
    assert found == {
        **added,
        "provider": {
            **added["provider"],
            "inputs": {"truncated": "12.3 MiB"},
            "more": "m" * 10_000 + "… (20000 characters)",
        },
        "other": {"b": "o" * 10_000 + "… (20000 characters)"},
    }


def test_deep_content_is_masked_and_shortened(delivery):
    """Its text as a step is nested deeper than a call's answer may be."""
    deep = "x" * 2**19
    for _ in range(199):
        deep = [deep, "y" * 10_000]
    delivery.mask = lambda one: one
    with Pipeline("a", delivery=delivery).start() as run, run.step(inputs={"a": deep}):
        pass
    assert delivery.providers[0]["inputs"] == {"truncated": "2.4 MiB"}


def test_what_the_document_does_not_declare_gives_way_too(pipeline, delivery):
    text, numbers = "t" * 3_000_000, [1.5] * 300_000
    names = {"name": "b", "invocation": "c"}
    moment = "2024-01-01T00:00:00Z"
    times = {"elapsedTime": 5, "startTime": moment, "endTime": moment, "error": "e"}
    with pipeline.start() as run:
        run.add_step_run(
            {"provider": {"name": "a", "raw": text}, "raw": text, "error": "e" * 5_000}
        )
        run.add_step_run({"provider": {**names, "raw": numbers}, **times, "raw": numbers})
    cut = "t" * 10_000 + "… (3000000 characters)"
    assert delivery.steps == [
        {"provider": {"name": "a", "raw": cut}, "raw": cut, "error": "e" * 5_000},
        {"provider": {**names, "raw": LARGE}, **times, "raw": LARGE},
    ]
