# SPDX-License-Identifier: GPL-2.0
"""The initramfs of one run: a static busybox, the guest's init, the test, its files.

The archive is created by the kernel's own gen_init_cpio, compiled on the host from
the unpacked source, so neither root nor mknod is needed. The compiled tool and the
arm64 busybox (downloaded, unpacked, never installed) are cached below out/cache.
Concurrent runs may race for them; the last rename wins.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from machine.paths import CACHE, OUT, TESTBED, Problem

INIT = TESTBED / "guest" / "init"
KTAP = TESTBED / "lib" / "ktap.sh"     # for scripts that report
DIRECTORIES = ["/bin", "/dev", "/proc", "/sys", "/tmp", "/run", "/root", "/etc", "/test"]
# The console before devtmpfs is mounted; without it the kernel starts init with none.
NODES = ["nod /dev/console 0600 0 0 c 5 1", "nod /dev/null 0666 0 0 c 1 3"]


def build(target, script, files, tree=None):
    """Write the archive for `script` (host path) and `files` (HOST:GUEST) to target."""
    entries = {"/bin/busybox": (busybox(), 0o755), "/init": (INIT, 0o755),
               "/test/run": (existing(script), 0o755), "/test/ktap.sh": (KTAP, 0o644)}
    for pair in files:
        host, separator, guest = pair.rpartition(":")
        if not separator or not guest.startswith("/"):
            raise Problem(f"--file {pair}: write it as HOST:GUEST, GUEST an absolute path")
        source = existing(host)
        entries[guest] = (source, source.stat().st_mode & 0o777)
    for source, _ in entries.values():
        if any(c.isspace() for c in str(source)):
            raise Problem(f"{source}: gen_init_cpio takes no path with white space in it")
    generate(target, description(entries), tree)


def description(entries):
    """The input of gen_init_cpio; directories come before their content."""
    directories = set(DIRECTORIES)
    for guest in entries:
        directories.update(str(p) for p in PurePosixPath(guest).parents)
    lines = [f"dir {d} 0755 0 0" for d in sorted(directories - {"/"})] + NODES
    lines += [f"file {guest} {source} {mode:04o} 0 0"
              for guest, (source, mode) in sorted(entries.items())]
    return "\n".join(lines) + "\n"


def generate(target, text, tree):
    """Run gen_init_cpio on the description, with fixed times, to be reproducible."""
    tool = gen_init_cpio(tree)
    with tempfile.NamedTemporaryFile("w", suffix=".list") as listing:
        listing.write(text)
        listing.flush()
        with open(target, "wb") as archive:
            run = subprocess.run([tool, "-t", "0", listing.name], stdout=archive,
                                 stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        Path(target).unlink()
        raise Problem(f"gen_init_cpio: {last_line(run.stderr)}")


def gen_init_cpio(tree):
    """The path of the compiled tool, cached by the content of its source."""
    tree = Path(tree or os.environ.get("TREE") or OUT / "pristine")
    source = tree / "usr" / "gen_init_cpio.c"
    if not source.is_file():
        raise Problem(f"{source} is missing: run testbed/tree/source first")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    tool = CACHE / f"gen_init_cpio-{digest}"
    if tool.is_file():
        return tool
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        made = Path(work) / "tool"
        run_or_stop(["gcc", "-O2", "-o", made, source], "cannot compile gen_init_cpio", work)
        made.rename(tool)
    return tool


def busybox():
    """The path of the static arm64 busybox, downloaded at first use."""
    binary = CACHE / "busybox-arm64" / "bin" / "busybox"
    if binary.is_file():
        return binary
    CACHE.mkdir(parents=True, exist_ok=True)
    download = TESTBED / "host" / "download"
    package = run_or_stop([download, "busybox-static:arm64"], "no static busybox", CACHE).strip()
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        run_or_stop(["dpkg", "-x", package, "root"], f"cannot unpack {package}", work)
        try:
            (Path(work) / "root").rename(CACHE / "busybox-arm64")
        except OSError:     # another run was faster; use its copy
            if not binary.is_file():
                raise
    return binary


def run_or_stop(line, what, work, environment=None):
    """Run a host program in directory work, with additions to its environment, and return its
    output; on failure raise Problem with the last line of it."""
    if shutil.which(line[0]) is None:
        raise Problem(f"{line[0]} is not installed: run testbed/host/packages")
    run = subprocess.run(line, cwd=work, env={**os.environ, **(environment or {})},
                         capture_output=True, text=True, check=False)
    if run.returncode:
        raise Problem(f"{what}: {last_line(run.stderr)}")
    return run.stdout


def last_line(text):
    """The last line that is not blank, for a one-line message."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def existing(path):
    """The resolved path; raise Problem if there is no such file."""
    path = Path(path)
    if not path.is_file():
        raise Problem(f"{path}: no such file")
    return path.resolve()
