"""The pages leave some of their blocks to these tests: each of them is run by one."""

from pathlib import Path

from tests.docs.pages import left_to
from tests.recovery.desk import FOLDER, shown


def test_each_block_that_is_left_to_these_tests_is_run_by_one() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in shown() if f'"{name}")' not in tests] == []
    assert len(shown()) == len(left_to(FOLDER))
