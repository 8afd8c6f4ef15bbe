# SPDX-License-Identifier: GPL-2.0
"""The performance goals of the series: limits of a count, or of the ratio of two counts."""

from dataclasses import dataclass

from bench.figures import label
from machine.paths import Problem


@dataclass(frozen=True)
class Goal:
    """Instructions per call of `what`, over those of `base` if there is one, each
    (figure, n, kernel)."""
    text: str
    what: tuple
    base: tuple | None
    limit: float
    below: bool = False     # less than the limit, not equal to it

    def describe(self):
        return f"{'below' if self.below else 'at most'} {self.limit:g}"


@dataclass
class Result:
    goal: Goal
    value: float

    def met(self):
        return self.value < self.goal.limit if self.goal.below else self.value <= self.goal.limit


def over_pristine(figure, n, limit):
    return Goal(f"{label(figure, n)}: patched over pristine", (figure, n, "patched"),
                (figure, n, "pristine"), limit)


def growth(figure, few, many, limit):
    return Goal(f"{figure}: n = {many} over n = {few}", (figure, many, "patched"),
                (figure, few, "patched"), limit)


def at_most(figure, n, limit, below=False, unit="instructions"):
    return Goal(f"{label(figure, n)}: {unit}", (figure, n, "patched"), None,
                limit, below)


GOALS = (
    # Doorbells add no cost to a user's mappings.
    *(over_pristine(f"{owner} {call} 4 KiB", 10000, limit)
      for owner, limit in (("iommufd", 1.01), ("type1", 1.003)) for call in ("map", "unmap")),
    *(over_pristine(f"{owner} {call} {size}", n, 1.01)
      for size, n in (("4 KiB", 100000), ("2 MiB", 100), ("1 GiB", 4))
      for owner in ("iommufd", "type1") for call in ("map", "unmap")),
    # The user's mappings add no cost to attaching a device, and doorbells add little.
    *(growth(f"place, {mappings}, {path}", 100, 100000, 2.0)
      for mappings in ("scattered", "packed")
      for path in ("first candidate", "last series")),
    *(over_pristine(f"attach, {mappings}", n, 1.3)
      for mappings in ("scattered", "packed") for n in (100, 100000)),
    # The same for a device that is replaced from another page table.
    *(growth(figure, 100, 100000, 1.03)
      for figure in ("replace", "replace, vector on", "replace, doorbells apart")),
    # The same for a vector, of a user or of the host.
    *(growth(f"vector enabled, {mappings}", 100, 100000, 1.03)
      for mappings in ("scattered", "packed")),
    growth("steps, questions of an attach", 100, 100000, 1),
    *(at_most(f"steps, {steps} of a vector", n, limit, unit="number")
      for steps, limit in (("questions", 0), ("maps", 1)) for n in (100, 100000)),
    # Regardless of the number of a device's vectors.
    *(over_pristine(f"n vectors of one device {switch}", 2048, 1.03) for switch in ("on", "off")),
    *(growth(figure, 1024, 2048, 2.1)
      for figure in ("map over doorbell, one device", "replace, n vectors moved")),
    *(over_pristine(f"prepare_msi, {vector}", 1, 1.1)
      for vector in ("vector 1", "vector 2048", "mean of 2048")),
    # A guest's changes cost no more than in Linux 7.3 (460, 176, 113 and 95 for a command in a
    # batch, counted in the same way), and no more than before; a page table at most 5 % more
    # than its 2,859.
    *(at_most("guest's TLBI_NH_VA in batches", n, limit)
      for n, limit in ((1, 1598), (4, 429), (16, 164), (64, 93), (256, 84))),
    at_most("bypass to stage 1 and back", None, 12044, below=True),
    at_most("nested hwpt made and destroyed", None, 3001),
    # A stream is changed by one write in each direction. In between, a doorbell without vectors is
    # removed from the parent, by one more write and a wait. Each invalidated address costs one
    # write, and no wait of its own.
    over_pristine("SMMUv2 registers, attach to an IOAS and detach", None, 1),
    at_most("SMMUv2 registers, stage 2 to both stages and back", None, 5, unit="accesses"),
    at_most("SMMUv2 registers, guest's TLBI_VA in a batch", 64, 66 / 64, unit="accesses"),
)


def judge(table):
    """The Result of each goal for the Figures in table."""
    figures = {(figure.name, figure.n): figure for figure in table}
    return [Result(goal, per_call(figures, *goal.what) /
                   (per_call(figures, *goal.base) if goal.base else 1)) for goal in GOALS]


def per_call(figures, name, n, kernel):
    figure = figures.get((name, n))
    count = figure.per_call(kernel) if figure else None
    if count is None:
        raise Problem(f"no count of {name} at n = {n} on the {kernel} kernel")
    return count
