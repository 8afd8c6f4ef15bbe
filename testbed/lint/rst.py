#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks reStructuredText of the kernel's documentation with docutils alone.

The extensions of Sphinx and the kernel are only checked for syntax, but the
files and kernel-doc comments that they refer to must exist. What needs a
whole Sphinx build (labels of other documents, C cross references) is not
checked.

Usage: rst.py TREE FILE...    FILE from TREE's top; prints one line per finding
"""

import os
import re
import subprocess
import sys

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.utils import SystemMessage

WARNING = 2
LITERAL = ("kernel-render", "code-block", "highlight", "c:function", "c:macro", "c:struct", "c:union",
           "c:enum", "c:enumerator", "c:type", "c:member", "c:namespace", "c:namespace-push",
           "c:namespace-pop", "c:alias", "index", "tabularcolumns")
PROSE = ("flat-table", "only", "seealso", "versionadded", "versionchanged", "deprecated", "glossary",
         "kernel-figure", "rst-class", "hlist")
ROLES = ("ref", "doc", "file", "kbd", "term", "abbr", "command", "option", "envvar", "manpage", "rfc",
         "c:func", "c:type", "c:struct", "c:union", "c:enum", "c:macro", "c:member", "c:data",
         "c:expr", "c:texpr", "c:identifier")


class AnyOption(dict):
    """An option table that accepts any option."""

    def __contains__(self, key):
        return True

    def __getitem__(self, key):
        return directives.unchanged

    def __bool__(self):
        return True


class Accepted(Directive):
    """A directive of Sphinx, recognized by name only."""
    optional_arguments = 100
    final_argument_whitespace = True
    has_content = True
    option_spec = AnyOption()


class Literal(Accepted):
    """A directive whose content is not reStructuredText."""

    def run(self):
        return []


class Prose(Accepted):
    """A directive whose content is reStructuredText."""

    def run(self):
        box = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


def reference(kind):
    """A directive that is recorded with its arguments, to be checked later."""

    class Reference(Accepted):
        """toctree or kernel-doc."""

        def run(self):
            holder = self.state.document.settings.references
            holder.append((kind, self.lineno, self.arguments, self.options, list(self.content)))
            return []

    return Reference


def documents_role(_name, rawtext, text, lineno, inliner, options=None, content=None):
    """:doc:`path`, as a reference to check."""
    del options, content
    target = re.sub(r".*<(.*)>$", r"\1", text)
    inliner.document.settings.references.append(("doc", lineno, [target], {}, []))
    return [nodes.literal(rawtext, text)], []


def register():
    """Register the extensions with docutils."""
    for name in LITERAL:
        directives.register_directive(name, Literal)
    for name in PROSE:
        directives.register_directive(name, Prose)
    for name in ("toctree", "kernel-doc"):
        directives.register_directive(name, reference(name))
    for name in ROLES:
        roles.register_generic_role(name, nodes.literal)
    roles.register_local_role("doc", documents_role)


class Collector:
    """A stream that collects docutils' messages."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def parse(tree, path):
    """Return docutils' messages as (line, text), and the references found."""
    stream, references = Collector(), []
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        text = file.read()
    try:
        publish_doctree(text, source_path=path, settings_overrides={
            "report_level": WARNING, "halt_level": 5, "warning_stream": stream,
            "raw_enabled": False, "references": references, "syntax_highlight": "none"})
    except SystemMessage as message:
        stream.write(str(message))
    found = re.findall(r"^[^:\n]*:(\d+): (\([A-Z]+/\d\) [^\n]*)", stream.text, re.MULTILINE)
    if stream.text.strip() and not found:
        found = [(1, stream.text.strip().replace("\n", " "))]
    return [(int(line), text) for line, text in found], references


def document_of(tree, path, target):
    """Check whether the document named by a toctree or :doc: exists."""
    base = "Documentation" if target.startswith("/") else os.path.dirname(path)
    name = os.path.normpath(os.path.join(base, target.lstrip("/")))
    return any(os.path.isfile(os.path.join(tree, name + end)) for end in ("", ".rst"))


def kernel_doc_errors(tree, source, options):
    """Return kernel-doc's errors for a directive's source and names."""
    if not os.path.isfile(os.path.join(tree, source)):
        return [f"kernel-doc of {source}, which does not exist"]
    names = options.get("identifiers", options.get("functions", "")).split()
    if options.get("doc"):
        names = [options["doc"]]
    choices = [["-function", name] for name in names]
    choices = choices or [[f"-{kind}"] for kind in ("export", "internal") if kind in options] or [[]]
    errors = []
    for choice in choices:
        run = subprocess.run(["scripts/kernel-doc", "-rst", *choice, source], cwd=tree,
                             check=False, capture_output=True, text=True)
        if run.returncode or not run.stdout.strip() or "' not found" in run.stderr:
            errors.append(f"kernel-doc of {source} finds nothing for {' '.join(choice) or 'it'}")
    return errors


def in_a_toctree(tree, path):
    """Check whether the index beside the document, or one above it, lists it."""
    directory, name = os.path.split(os.path.splitext(path)[0])
    if name == "index":
        directory, parent = os.path.split(directory)
        name = f"{parent}/index"
    index = os.path.join(tree, directory, "index.rst")
    if not os.path.isfile(index):
        return False
    with open(index, encoding="utf-8") as file:
        return bool(re.search(rf"^\s+(.*<)?{re.escape(name)}(\.rst)?>?$", file.read(), re.MULTILINE))


def findings(tree, path):
    """Return all findings of a document as (line, text)."""
    found, references = parse(tree, path)
    for kind, line, arguments, options, content in references:
        if kind == "kernel-doc":
            found += [(line, text) for text in
                      kernel_doc_errors(tree, " ".join(arguments), options)]
            continue
        targets = arguments if kind == "doc" else content
        for target in filter(None, (re.sub(r".*<(.*)>$", r"\1", t).strip() for t in targets)):
            if not document_of(tree, path, target):
                found.append((line, f"{kind}: no document {target}"))
    if not in_a_toctree(tree, path):
        found.append((1, "no toctree of the index beside it lists this document"))
    return sorted(found)


def main(arguments):
    """Print the findings of all files."""
    if len(arguments) < 2:
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    register()
    for path in arguments[1:]:
        for line, text in findings(arguments[0], path):
            print(f"{path}:{line}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
