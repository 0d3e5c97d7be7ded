"""multiprocess, the fork of multiprocessing that pathos and Hugging Face's datasets use."""

import os

import multiprocess
from calls import main, tell

import gentrace

pipeline = gentrace.Pipeline("answer-question")


@pipeline.traced
def answer(number):
    with gentrace.step("model", inputs={"number": number}):
        return number


def forked(url):
    os.environ["GENTRACE_HOST"] = url
    with multiprocess.get_context("fork").Pool(2) as pool:
        numbers = pool.map(answer, range(4))
        pool.close()
        pool.join()
    child = multiprocess.get_context("fork").Process(target=answer, args=(4,))
    child.start()
    child.join()
    tell(numbers=numbers, code=child.exitcode)


main(globals())
