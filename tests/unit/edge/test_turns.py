"""Turns of a worker: one call at the desk, others beside it while they wait for somebody else."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import pytest

from cds_hooks.serving.turns import Turns

SOON = 5.0
NOT_YET = 0.05


def begin(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


class Caller:
    """A thread that takes a turn and says so; it gives it back when it is told to."""

    def __init__(self, turns: Turns) -> None:
        self.is_on, self.may_end = Event(), Event()
        self._turns = turns
        self._thread = begin(self._work)

    def _work(self) -> None:
        self._turns.take()
        self.is_on.set()
        self.may_end.wait(SOON)
        self._turns.give_back()

    def end(self) -> None:
        """Let it end, and wait until it has."""
        self.may_end.set()
        self._thread.join(SOON)


def test_one_call_is_at_the_desk() -> None:
    """The second waits until the first has given its turn back."""
    turns = Turns(4)
    turns.take()
    other = Caller(turns)
    assert not other.is_on.wait(NOT_YET)
    turns.give_back()
    assert other.is_on.wait(SOON)
    other.end()


def test_who_waits_for_somebody_else_lets_others_work() -> None:
    """The desk is free inside `aside`, and is had again after it."""
    turns = Turns(4)
    turns.take()
    with turns.aside():
        other = Caller(turns)
        assert other.is_on.wait(SOON)
        other.end()
    late = Caller(turns)
    assert not late.is_on.wait(NOT_YET)
    turns.give_back()
    late.end()


def test_an_error_beside_the_desk_leaves_the_turn_as_it_was() -> None:
    """The desk is had again before the error goes on."""
    turns = Turns(1)
    turns.take()
    with pytest.raises(TimeoutError), turns.aside():
        raise TimeoutError
    other = Caller(turns)
    assert not other.is_on.wait(NOT_YET)
    turns.give_back()
    other.end()


def test_no_more_calls_are_under_way_than_there_are_turns() -> None:
    """A call that has stepped aside still counts."""
    turns = Turns(1)
    turns.take()
    with turns.aside():
        other = Caller(turns)
        assert not other.is_on.wait(NOT_YET)
    turns.give_back()
    assert other.is_on.wait(SOON)
    other.end()


def test_without_a_turn_nothing_is_given_back_and_nobody_steps_aside() -> None:
    """What can be reached without a turn may step aside all the same."""
    turns = Turns(1)
    turns.give_back()
    with turns.aside():
        assert not turns.is_mine
    turns.take()
    assert turns.is_mine
    turns.give_back()
    assert not turns.is_mine
