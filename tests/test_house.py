"""Limits on size: how many lines a file, a function and a literal may have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from bnviz.paths import PROJECT

FOLDERS = ("bnviz", "pages", "benchmarks", "scripts")
FILES = sorted(
    [PROJECT / "app.py", *(file for name in FOLDERS for file in (PROJECT / name).rglob("*.py"))]
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Literal = (
    ast.List
    | ast.Tuple
    | ast.Dict
    | ast.Set
    | ast.ListComp
    | ast.DictComp
    | ast.SetComp
    | ast.GeneratorExp
    | ast.Constant
    | ast.JoinedStr
)


class Part(NamedTuple):
    """A part of a source text and the number of lines that it spans."""

    name: str
    lines: int


class Rule(NamedTuple):
    """What is measured, how long it may be, and a source text that is one line too long."""

    parts: Callable[[str], Iterator[Part]]
    limit: int
    too_long: str
    longest: str  # the name of the part of `too_long` that breaks the rule


@cache
def nodes(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def whole_file(source: str) -> Iterator[Part]:
    yield Part("the file", len(source.splitlines()))


def functions(source: str) -> Iterator[Part]:
    """Yield every function and method, without its decorators."""
    for node in nodes(source):
        if isinstance(node, Function):
            yield Part(f"function {node.name}", length(node))


def literals(source: str) -> Iterator[Part]:
    """Yield every literal list, tuple, dictionary, set, comprehension, string and f-string."""
    for node in nodes(source):
        if isinstance(node, Literal):
            yield Part(f"{type(node).__name__} at line {node.lineno}", length(node))


def length(node: ast.stmt | ast.expr) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def broken(rule: Rule, name: str, source: str) -> list[str]:
    """Return a sentence for each part of a source text that is longer than the rule allows."""
    return [
        f"{name}: {part.name} has {part.lines} lines, more than {rule.limit}"
        for part in rule.parts(source)
        if part.lines > rule.limit
    ]


FILE = Rule(whole_file, 400, "x = 1\n" * 401, "the file")
FUNCTION = Rule(functions, 40, "@cached\nasync def f():\n" + "    x = 1\n" * 40, "function f")


def literal(text: str, kind: str) -> Rule:
    return Rule(literals, 150, f"x = {text}\n", f"{kind} at line 1")


RULES = {
    "file": FILE,
    "function": FUNCTION,
    "method": FUNCTION._replace(too_long="class A:\n    def f(self):\n" + "        x = 1\n" * 40),
    "list": literal("[\n" + "1,\n" * 149 + "]", "List"),
    "tuple": literal("(\n" + "1,\n" * 149 + ")", "Tuple"),
    "dictionary": literal("{\n" + "1: 1,\n" * 149 + "}", "Dict"),
    "set": literal("{\n" + "1,\n" * 149 + "}", "Set"),
    "comprehension": literal("{\n" + "\n" * 148 + "y: y for y in z\n}", "DictComp"),
    "string": literal('"""' + "\n" * 150 + '"""', "Constant"),
    "joined strings": literal("(" + "'a'\n" * 151 + ")", "Constant"),
    "f-string": literal("(" + "f'{a}'\n" * 151 + ")", "JoinedStr"),
}


@pytest.mark.parametrize("kind", RULES)
def test_each_rule_finds_a_part_that_is_one_line_too_long(kind):
    rule = RULES[kind]
    (complaint,) = broken(rule, "made_up.py", rule.too_long)
    assert complaint.startswith(f"made_up.py: {rule.longest}")
    assert f"has {rule.limit + 1} lines" in complaint


@pytest.mark.parametrize("kind", RULES)
def test_each_rule_allows_a_part_that_is_as_long_as_its_limit(kind):
    rule = RULES[kind]
    assert broken(rule._replace(limit=rule.limit + 1), "made_up.py", rule.too_long) == []


def test_decorators_do_not_count_as_lines_of_a_function():
    source = "@a\n@b\ndef f():\n" + "    x = 1\n" * 39
    assert broken(FUNCTION, "made_up.py", source) == []


@pytest.mark.parametrize("kind", ["file", "function", "list"])
def test_no_part_of_the_project_is_too_long(kind):
    rule = RULES[kind]
    complaints = [
        complaint
        for file in FILES
        for complaint in broken(rule, file.relative_to(PROJECT).as_posix(), file.read_text("utf-8"))
    ]
    assert complaints == [], "\n".join(complaints)


def test_the_rules_read_every_source_folder():
    read = {file.relative_to(PROJECT).parts[0] for file in FILES}
    assert read == {"app.py", *FOLDERS}
