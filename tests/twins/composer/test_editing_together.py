"""Two or three people edit one draft, each with what was done elsewhere coming at some time: all end with the same."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tenants.kernel.errors import OutturnError
from tests.twins.composer.drafts import crowd, operations, possible
from twins.composer.domain.conflicts import EditConflictError, rebase
from twins.composer.domain.operations import apply_all
from twins.composer.edits import Operation
from twins.composer.schemas import TwinDocument

Log = list[tuple[str, Operation]]


@dataclass
class Server:
    """The draft and all that was done to it: a revision is the length of the log."""

    start: TwinDocument
    log: Log = field(default_factory=list)

    def at(self, revision: int) -> TwinDocument:
        return apply_all(self.start, self.since(0)[:revision]).document

    def since(self, revision: int) -> list[Operation]:
        return [operation for _, operation in self.log[revision:]]

    def save(self, revision: int, mine: list[Operation], author: str) -> list[Operation]:
        """What others did meanwhile; ours are done after it.

        Raises:
            EditConflictError: Both did something at the same place.
        """
        theirs = self.since(revision)
        carried = rebase(self.at(revision), theirs, mine)
        apply_all(self.at(len(self.log)), carried)
        self.log += [(author, each) for each in carried]
        return theirs


@dataclass
class Editor:
    """What a browser does: it shows its base with what is unsaved on top."""

    name: str
    server: Server
    revision: int = 0
    unsaved: list[Operation] = field(default_factory=list)
    let_go: list[Operation] = field(default_factory=list)
    done: list[Operation] = field(default_factory=list)

    @property
    def document(self) -> TwinDocument:
        return possible(self.server.at(self.revision), self.unsaved)[0]

    def edit(self, operation: Operation) -> None:
        with suppress(OutturnError):
            apply_all(self.document, [operation])
            self.unsaved.append(operation)
            self.done.append(operation)

    def hear(self) -> None:
        """What others did goes under what is unsaved; where that cannot be the person lets theirs go."""
        theirs, base = self.server.since(self.revision), self.server.at(self.revision)
        while True:
            try:
                carried = list(rebase(base, theirs, self.unsaved))
                break
            except EditConflictError as error:
                event("conflict")
                lost = [clash.mine for clash in error.clashes]
                self.let_go += lost
                kept = [each for each in self.unsaved if not any(each is one for one in lost)]
                self.unsaved = possible(base, kept)[1]
                self.let_go += [each for each in kept if not any(each is one for one in self.unsaved)]
        self.revision += len(theirs)
        self.unsaved = carried

    def save(self) -> None:
        if not self.unsaved:
            return
        try:
            self.server.save(self.revision, self.unsaved, self.name)
        except EditConflictError:
            self.hear()
            self.save()
        else:
            self.revision, self.unsaved = len(self.server.log), []


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["edit", "edit", "edit", "save", "hear"]), operations()), max_size=40
)


@settings(max_examples=150)
@given(st.integers(2, 3), STEPS)
def test_all_end_with_equal_documents_and_nothing_is_lost(count: int, steps: list[tuple[int, str, Operation]]) -> None:
    server = Server(crowd())
    editors = [Editor(f"editor {number}", server) for number in range(count)]
    for number, deed, operation in steps:
        editor = editors[number % count]
        if deed == "edit":
            editor.edit(operation)
        else:
            {"save": editor.save, "hear": editor.hear}[deed]()
    for editor in [*editors, *editors]:
        editor.save()
        editor.hear()
    end = server.at(len(server.log))
    assert [editor.document for editor in editors] == [end] * count
    for editor in editors:
        own = [operation for author, operation in server.log if author == editor.name]
        said = server.since(0)
        for operation in editor.done:
            # Saved by themselves, said by somebody else in the same words, or let go by choice.
            assert operation in own or operation in said or operation in editor.let_go


@given(st.lists(operations(), max_size=8), st.lists(operations(), max_size=8))
def test_where_nothing_conflicts_it_is_the_same_whoever_saves_first(
    one: list[Operation], other: list[Operation]
) -> None:
    base = crowd()
    first, second = possible(base, one)[1], possible(base, other)[1]
    ends: list[TwinDocument | None] = []
    for sides in ([first, second], [second, first]):
        server = Server(base)
        try:
            for number, side in enumerate(sides):
                server.save(0, side, str(number))
        except EditConflictError:
            ends.append(None)
        else:
            ends.append(server.at(len(server.log)))
    assert None in ends or ends[0] == ends[1]
