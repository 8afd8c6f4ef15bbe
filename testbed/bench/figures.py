# SPDX-License-Identifier: GPL-2.0
"""The figures: the counts of the patched kernel beside those of the pristine one."""

from dataclasses import dataclass

from machine.paths import Problem


def label(name, n):
    """The name of a figure in messages."""
    return f"{name} at n = {n}" if n else name


@dataclass
class Figure:
    """One row: instructions of a number of calls, None if the pristine kernel has no such call."""
    name: str
    n: int | None
    calls: int
    pristine: int | None
    patched: int

    def per_call(self, kernel):
        total = getattr(self, kernel)
        return None if total is None else total / self.calls

    def ratio(self):
        return self.patched / self.pristine if self.pristine else None


def side_by_side(pristine, patched):
    """The Figures of both kernels' totals, grouped by name."""
    missing = [key for key in pristine if key not in patched]
    if missing:
        raise Problem(f"no count of {label(*missing[0])}")
    table = []
    for key, (calls, total) in patched.items():
        before_calls, before = pristine.get(key, (calls, None))
        if before_calls != calls:
            raise Problem(f"{label(*key)}: {before_calls} calls on pristine, {calls} on patched")
        table.append(Figure(*key, calls, before, total))
    names = list(dict.fromkeys(figure.name for figure in table))
    return sorted(table, key=lambda figure: names.index(figure.name))


def require_equal(first, second):
    """Raise Problem if any count of the second run differs from the first run's."""
    for kernel, counts in first.items():
        again = second[kernel].totals
        for key in counts.totals | again:
            pair = counts.totals.get(key), again.get(key)
            if pair[0] != pair[1]:
                raise Problem(f"two runs of the {kernel} kernel differ in {label(*key)}: "
                              f"(calls, instructions) {pair[0]}, then {pair[1]}")
