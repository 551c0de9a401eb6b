"""The steps of a dispute, and the files that are taken."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.disputes.domain.files import KINDS, MOST_BYTES, MOST_LETTERS, AttachmentError, clean_name, read_file
from billing.disputes.domain.steps import LIVING, STEPS, Verdict, objection, state_after
from tests.billing.disputes.world import PDF, PNG


def office(*names: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


class TestSteps:
    @given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["customer", "provider"])), max_size=12))
    def test_whatever_both_sides_try_a_dispute_is_in_one_state_and_ends_once(
        self, tries: list[tuple[Verdict, str]]
    ) -> None:
        taken: list[Verdict] = []
        for verdict, side in tries:
            before = state_after(taken)
            if objection(taken, verdict, side) is None:  # type: ignore[arg-type] # one of the two
                assert before in STEPS[verdict].before
                assert STEPS[verdict].side == side
                taken.append(verdict)
        assert sum(STEPS[one].has_effect for one in taken) <= 1
        assert taken.count("reopened") <= 1
        ends = [at for at, one in enumerate(taken) if STEPS[one].after not in LIVING and one != "declined"]
        assert ends in ([], [len(taken) - 1])

    def test_an_offer_takes_the_place_of_an_earlier_one(self) -> None:
        assert objection(["offered"], "offered", "provider") is None
        assert state_after(["offered", "offered"]) == "offered"
        assert state_after([]) == "open"

    def test_what_is_against_a_step_is_said(self) -> None:
        assert objection([], "upheld", "customer") == "Only the provider can do this."
        assert objection([], "agreed", "customer") == "The dispute is open."
        assert objection(["declined"], "upheld", "provider") == "The dispute is declined."
        again = objection(["declined", "reopened", "declined"], "reopened", "customer")
        assert again is not None
        assert "once before" in again


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content", "media_type"),
        [
            ("a.PDF", PDF, "application/pdf"),
            ("a.png", PNG, "image/png"),
            ("a.jpeg", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
            ("a.csv", "t;v\n1;ü\n".encode(), "text/csv"),
            ("a.json", b"{}", "application/json"),
            ("a.txt", b"<script>alert(1)</script>", "text/plain"),
            ("a.xlsx", office("[Content_Types].xml", "xl/workbook.xml"), KINDS["xlsx"][0]),
            ("a.docx", office("[Content_Types].xml", "word/document.xml"), KINDS["docx"][0]),
        ],
    )
    def test_what_is_taken(self, name: str, content: bytes, media_type: str) -> None:
        found = read_file(name, content)
        assert (found.name, found.media_type, found.content) == (name, media_type, content)
        assert found.as_json() == {
            "name": name, "media_type": media_type, "bytes": len(content), "sha256": found.sha256,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("page.html", b"<script>", "of no kind that is taken"),
            ("picture.svg", b"<svg/>", "of no kind that is taken"),
            ("run.exe", b"MZ", "of no kind that is taken"),
            ("pdf", PDF, "of no kind that is taken"),
            (".pdf", PDF, "of no kind that is taken"),
            ("", PDF, "A file without a name"),
            ("a.pdf", b"", "is empty"),
            ("a.pdf", b"MZ this is a program", "not what its name says"),
            ("a.pdf.png", PDF, "not what its name says"),
            ("a.txt", b"\x00\x01", "not what its name says"),
            ("a.csv", b"\xff\xfe\x00", "not what its name says"),
            ("a.xlsx", b"PK\x03\x04 no archive", "not what its name says"),
            ("a.xlsx", office("[Content_Types].xml", "word/document.xml"), "not what its name says"),
            ("a.xlsx", office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "not what its name says"),
        ],
    )
    def test_what_is_not(self, name: str, content: bytes, words: str) -> None:
        with pytest.raises(AttachmentError, match=words) as error:
            read_file(name, content)
        assert (error.value.status, error.value.code, error.value.kept) == (422, "dispute.file", "Nothing was sent.")

    def test_the_largest_that_is_taken(self) -> None:
        assert len(read_file("a.txt", b"x" * MOST_BYTES).content) == MOST_BYTES
        with pytest.raises(AttachmentError, match="more than 5 MB"):
            read_file("a.txt", b"x" * (MOST_BYTES + 1))

    @pytest.mark.parametrize(
        ("name", "cleaned"),
        [
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\Users\\me\\plan.pdf", "plan.pdf"),
            ("invoice\u202efdp.txt", "invoicefdp.txt"),
            ('a"; filename="b\r\n.txt', "a ; filename= b.txt"),
            ("\x00log.txt", "log.txt"),
            ("  many   spaces .txt ", "many spaces.txt"),
            ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ],
    )
    def test_names(self, name: str, cleaned: str) -> None:
        assert clean_name(name) == cleaned

    @given(st.text(max_size=400))
    def test_a_name_is_short_and_has_no_path_and_nothing_unseen(self, name: str) -> None:
        cleaned = clean_name(name)
        assert len(cleaned) <= MOST_LETTERS
        assert not set(cleaned) & set('/\\"<>|:*?\r\n\t\x00')
