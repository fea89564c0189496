"""Ending in time: at a moment given beforehand the loop of training is told to stop, as by Ctrl-C, and saves its state."""

import signal
import time

__all__ = ["Deadline"]


class Deadline:
    """A moment by which all must be done.

    Args:
        minutes: Time from now.
        reserve_s: What is kept for saving and packing after the loop has stopped.
    """

    def __init__(self, minutes: float, reserve_s: float) -> None:
        self._end = time.monotonic() + 60 * minutes - reserve_s
        self.is_over = False
        """Whether the loop was told to stop."""

    @property
    def left_s(self) -> float:
        """Seconds left for training; negative when there are none."""
        return self._end - time.monotonic()

    def tell_if_over(self) -> None:
        """SIGINT for this thread, the main one, once, when the time is over: a loop that asks in every step saves that step and ends."""
        if self.left_s <= 0 and not self.is_over:
            self.is_over = True
            signal.raise_signal(signal.SIGINT)
