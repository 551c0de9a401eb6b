"""The sentences that services and the verifier write in English, as forms: ``{0}``, ``{1}`` … for what fills them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product

from deploy.catalogues import PROJECT
from deploy.catalogues.po import Key

SOURCES = (
    "billing/contracts/acceptance.py",
    "billing/disputes/deciding.py",
    "billing/disputes/domain/files.py",
    "billing/disputes/domain/steps.py",
    "billing/disputes/services.py",
    "billing/invoices/domain/tax.py",
    "billing/invoices/einvoice.py",
    "billing/outcomes/consents.py",
    "billing/outcomes/deciding.py",
    "billing/outcomes/services.py",
    "billing/reports/links.py",
    "billing/reports/selectors.py",
    "tenants/people/invitations.py",
    "tenants/people/members.py",
    "tenants/people/entry.py",
    "tenants/people/services.py",
    "tenants/portal/entering.py",
    "tenants/portal/supplying.py",
)
"""Where what an end customer's people can be refused is written."""
VERIFIER = "billing/reports/verifier.py"
NAMES = ("message", "fix", "why", "_REVERSE", "_OUTSIDE")
"""What variables are called that hold a sentence."""
WORDS = (
    "accepted", "declined", "approved", "withdrawn", "upheld", "settled", "customer", "provider", "name", "reason",
    "nothing", "One period is", "{0} periods are", "A file without a name",
    "the organisation is suspended", "the organisation is closed",
    "Owner", "Administrator", "Engineer", "Planner", "Finance", "Viewer", "Customer",
)  # fmt: skip
"""Words that fill sentences, names of roles, and in what state an organisation is: what no sentence above has."""


def forms() -> Iterator[tuple[str, Key]]:
    """Each form with the file it stands in."""
    for name in SOURCES:
        for node in ast.walk(_tree(name)):
            for each in _told(node):
                for text in _forms(each):
                    if _says_something(text):
                        yield name, Key("", text, "")
    for text in _claims():
        yield VERIFIER, Key("", text, "")
    for word in WORDS:
        yield "deploy/catalogues/sentences.py", Key("", word, "")


def _tree(name: str) -> ast.Module:
    return ast.parse((PROJECT / name).read_text(encoding="utf-8"))


def _told(node: ast.AST) -> Iterator[ast.expr]:
    """What a refusal says, and how it is mended; and sentences that a rule answers with."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        fixes = [each.value for each in node.keywords if each.arg == "fix"]
        if fixes or name.endswith("Error"):
            yield from [*node.args[:1], *fixes]
        elif name in ("_refused", "Refusal"):
            yield from node.args
    is_answer = isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr | ast.Constant)
    is_named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in NAMES
    if is_answer or is_named:
        yield node.value  # type: ignore[attr-defined] # both have one


def _says_something(text: str) -> bool:
    """Whether a text is a sentence and no name or code."""
    bare = text.replace("{0}", "").replace("{1}", "")
    return " " in bare.strip() and any(letter.isalpha() for letter in bare)


def _forms(node: ast.expr) -> list[str]:
    return [_numbered(pieces) for pieces in _pieces(node)]


def _pieces(node: ast.expr) -> list[list[str | None]]:
    """The texts that an expression can give, in pieces; None for a piece that is only known when it runs."""
    if isinstance(node, ast.Constant):
        return [[node.value]] if isinstance(node.value, str) else [[None]]
    if isinstance(node, ast.JoinedStr):
        return [[each.value if isinstance(each, ast.Constant) else None for each in node.values]]  # type: ignore[misc]
    if isinstance(node, ast.IfExp):
        return [*_pieces(node.body), *_pieces(node.orelse)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [left + right for left, right in product(_pieces(node.left), _pieces(node.right))]
    return [[None]]


def _numbered(pieces: list[str | None]) -> str:
    text, at = "", 0
    for piece in pieces:
        if piece is None:
            text, at = f"{text}{{{at}}}", at + 1
        else:
            text += piece
    return text


def _claims() -> Iterator[str]:
    """What the checks of the verifier claim."""
    for node in ast.walk(_tree(VERIFIER)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            claim, step = node.elts
            is_claim = isinstance(claim, ast.Constant) and " " in str(claim.value)
            if is_claim and isinstance(step, ast.Name | ast.Call):
                yield str(ast.literal_eval(claim))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "claim":
            yield str(ast.literal_eval(node.value))
    for node in ast.walk(_tree("billing/reports/selectors.py")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Check":
            yield str(ast.literal_eval(node.args[0]))
