#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A small check of Python files with nothing but the standard library.

Each file has to compile with warnings as errors; what it imports has to be
used, and each global name that it uses has to be defined somewhere in it.

Usage: pycheck.py FILE...    prints one line per finding
"""

import ast
import builtins
import symtable
import sys
import warnings

KNOWN = set(dir(builtins)) | {"__file__", "__path__", "__annotations__"}


def compile_errors(path, text):
    """Syntax errors, and warnings such as that of a bad escape sequence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(text, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, Warning) as error:
            yield getattr(error, "lineno", None) or 1, f"{type(error).__name__}: {error}"


def unused_imports(tree, path):
    """Names that a module imports and never mentions. A package's __init__
    imports for others."""
    if path.endswith("__init__.py"):
        return
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if name not in used and name != "annotations":
                yield node.lineno, f"{name} is imported and not used"


def scopes(table):
    """A symbol table and all within it."""
    yield table
    for child in table.get_children():
        yield from scopes(child)


def undefined_names(tree, text, path):
    """Global names that no scope of the file defines."""
    top = symtable.symtable(text, path, "exec")
    defined = KNOWN | {s.get_name() for s in top.get_symbols()
                       if s.is_assigned() or s.is_imported() or s.is_namespace()}
    for table in scopes(top):
        defined |= {s.get_name() for s in table.get_symbols()
                    if s.is_declared_global() and s.is_assigned()}
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
           for node in ast.walk(tree)):
        return
    missing = {s.get_name() for table in scopes(top) for s in table.get_symbols()
               if s.is_referenced() and (s.is_global() or table is top)} - defined
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in missing:
            yield node.lineno, f"{node.id} is not defined"


def findings(path):
    """All findings of a file as (line, text)."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = list(compile_errors(path, text))
    if not found:
        tree = ast.parse(text, path)
        found += unused_imports(tree, path)
        found += undefined_names(tree, text, path)
    return sorted(set(found))


def main(paths):
    """Prints the findings of all files."""
    if not paths or paths == ["--help"]:
        print(__doc__.strip())
        return 0 if paths else 2
    for path in paths:
        for line, text in findings(path):
            print(f"{path}:{line}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
