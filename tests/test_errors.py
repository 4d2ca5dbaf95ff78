import pytest

from cn_zoo.errors import InputError, one_line, with_subject


@pytest.mark.parametrize(
    ("error", "limit", "told"),
    [
        (ValueError("of two\n  lines"), None, "of two lines"),
        (ValueError("a long story"), 6, "a long"),
        (MemoryError(), None, "MemoryError"),
        (ValueError(" \n"), 5, "Value"),
    ],
    ids=["lines", "limit", "no text", "blank"],
)
def test_one_line(error, limit, told):
    assert one_line(error, limit) == told


def test_a_subject_is_named_once():
    assert with_subject("a.png", InputError("is empty")) == "a.png: is empty"
    assert with_subject("a.png", InputError("/x/a.png: is empty")) == "/x/a.png: is empty"
