// SPDX-License-Identifier: GPL-2.0
/// A guard in a switch is in scope until the end of the block. A jump to a later label
/// skips its initialisation, and an unlocked lock is released. Not all compilers warn.
/// The series uses no guard in a switch, not even in a nested block.
//
// Options: --no-includes

virtual report

@initialize:python@
@@
def switches(path):
    """First and last line of each; the kernel's style is enough to find them."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip() for line in file]
    found = []
    for first, line in enumerate(lines):
        if line.lstrip().startswith("switch ("):
            end = line[:len(line) - len(line.lstrip())] + "}"
            found.append((first + 1, lines.index(end, first) + 1 if end in lines[first:] else first + 1))
    return found

@guarded@
identifier class;
position p;
@@
guard@p(class)(...)

@script:python@
p << guarded.p;
class_ << guarded.class;
@@
for place in p:
    for first, last in switches(place.file):
        if first < int(place.line) < last:
            print(f"{place.file}:{place.line}: guard({class_}) in the switch of line {first}")
