"""Columns of a terminal: a Chinese or Japanese character takes two, a mark on another none."""

import pytest

from gentrace.cli.terminal import columns, duration, one_line, table
from gentrace.cli.timeline import Bar, draw

ACCENT = "\u0301"
DECOMPOSED = f"e{ACCENT}"


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("step", 4),
        ("名前", 4),
        ("ﾅﾏｴ", 3),
        ("\uff21\uff11", 4),
        ("🔥x", 3),
        (DECOMPOSED, 1),
        ("1\u20e3", 1),
        ("étape", 5),
    ],
)
def test_columns_are_those_that_a_terminal_takes(text, width):
    assert columns(text) == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("answer", "answer"),
        ("answers", "answe…"),
        ("名前名", "名前名"),
        ("名前名前", "名前…"),
        ("a名前名前", "a名前…"),
        (DECOMPOSED * 6, DECOMPOSED * 6),
        (DECOMPOSED * 7, f"{DECOMPOSED * 5}…"),
        ("a" + ACCENT * 99, f"a{ACCENT * 23}…"),
        ("a\nb\nc", "a\\nb\\…"),
    ],
)
def test_a_text_is_cut_at_a_column(text, shown):
    assert one_line(text, 6) == shown


def test_a_table_has_its_columns_below_each_other():
    assert list(table([("NAME", "ERROR"), ("名前", "no"), ("名前名", "no"), ("x", "")])) == [
        "NAME    ERROR",
        "名前    no",
        "名前名  no",
        "x",
    ]


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "-"),
        (0, "0 ms"),
        (12.345, "12.35 ms"),
        (999, "999 ms"),
        (1_000, "1.00 s"),
        (59_990, "59.99 s"),
        (59_996, "1 min 0 s"),
        (60_000, "1 min 0 s"),
        (3_599_700, "60 min 0 s"),
    ],
)
def test_a_duration_has_a_suitable_unit(milliseconds, shown):
    assert duration(milliseconds) == shown


def test_bars_begin_at_one_axis():
    bars = [Bar("検索", 0, 1000, failed=False), Bar("model", 1000, 1000, failed=True)]
    first, second = draw(bars, 41, "utf-8")
    assert first == f"  検索  {'█' * 13}{' ' * 14}1.00 s"
    assert second == f"! model {' ' * 13}{'█' * 13} 1.00 s"
    assert columns(first) == columns(second) == 41


def test_every_step_has_a_bar_on_the_axis():
    """One block at least, also for a step without a duration at the end of the axis."""
    for start in range(101):
        spans = [(0, 100), (start, 100 - start), (start, 0)]
        whole, rest, point = draw([Bar("", *span, failed=False) for span in spans], 40, "utf-8")
        assert {len(whole), len(rest), len(point)} == {40}
        assert whole[3:33] == "█" * 30
        assert set(rest[3:33].strip(" ")) == {"█"}
        assert point[3:33].strip(" ") == "█"
        assert point.index("█") == rest.index("█") == 3 + min(start * 3 // 10, 29)
