"""Functions whose annotations name what only a type checker imports."""

import asyncio

from support.annotations import run_annotated

from gentrace import bind, step

PROGRAM = """
def plain(passage: Passage, count: int = 2) -> Answer:
    return {"plain": count}

async def coroutine(passage: Passage, *more: Passage) -> Answer:
    return {"coroutine": len(more)}

def generator(passage: Passage, **more: Passage) -> Answer:
    yield passage

class Owner:
    def method(self, passage: Passage) -> Answer:
        return {"method": passage}
"""


def test_annotations_are_not_evaluated(pipeline, delivery):
    names = run_annotated(PROGRAM)
    with pipeline.start():
        assert step(names["plain"])("p") == {"plain": 2}
        assert asyncio.run(step(names["coroutine"])("p", "q")) == {"coroutine": 1}
        assert list(step(names["generator"])("p", last="q")) == ["p"]
        assert step(names["Owner"].method)(names["Owner"](), "p") == {"method": "p"}
        assert bind(step(names["plain"]))("p", 3) == {"plain": 3}
    assert [provider["inputs"] for provider in delivery.providers] == [
        {"passage": "p", "count": 2},
        {"passage": "p", "more": ["q"]},
        {"last": "q", "passage": "p"},
        {"passage": "p"},
        {"passage": "p", "count": 3},
    ]


def test_annotations_of_a_traced_function_are_not_evaluated(pipeline, delivery):
    assert pipeline.traced(run_annotated(PROGRAM)["plain"])("p") == {"plain": 2}
    assert len(delivery.runs) == 1
