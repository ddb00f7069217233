import threading

import pytest

from lungviewer.core.errors import Cancelled
from lungviewer.core.memory import Budget, give_back_memory


def test_a_request_larger_than_the_budget_passes_when_nothing_is_held():
    budget = Budget(10)
    budget.reserve(100)
    budget.release(100)
    budget.reserve(10)


def test_a_request_waits_until_there_is_room():
    budget = Budget(10)
    budget.reserve(8)
    passed = threading.Event()
    thread = threading.Thread(target=lambda: (budget.reserve(5), passed.set()))
    thread.start()
    assert not passed.wait(0.05)
    budget.release(8)
    assert passed.wait(10)
    thread.join()


def test_those_who_wait_are_sent_away_when_the_run_ends():
    budget = Budget(10)
    budget.reserve(10)
    sent_away = threading.Event()

    def wait():
        with pytest.raises(Cancelled):
            budget.reserve(5)
        sent_away.set()

    thread = threading.Thread(target=wait)
    thread.start()
    budget.stop()
    assert sent_away.wait(10)
    thread.join()


def test_giving_back_memory_is_harmless_anywhere():
    give_back_memory()
