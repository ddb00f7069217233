"""The report in both forms: names are text, nothing runs, nothing is fetched, nothing is hidden."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from lungviewer.core.errors import Cancelled
from lungviewer.core.job import CancellableContext
from lungviewer.core.types import Status
from lungviewer.exporters import report_font, report_html, report_pdf
from lungviewer.exporters.overlay_png import RESEARCH_ONLY, write_overlay_png
from lungviewer.exporters.report import percent, rows_that_fit, shown
from lungviewer.exporters.report_html import write_report_html
from lungviewer.exporters.report_pdf import write_report_pdf
from lungviewer.exporters.report_pictures import small_picture
from tests.contracts.exporter_contract import ExporterContract
from tests.fixtures.reporting import ROW, content

INJECTIONS = [
    "<script>alert(1)</script>.png",
    '"><img src=x onerror=alert(1)>.png',
    "'; alert(1); '.png",
    "</td></table></body><iframe src=//evil>.png",
    "&lt;b&gt;.png",
    "<!-- -->.png",
    "--><svg onload=alert(1)>.png",
    "javascript:alert(1).png",
    "</style><style>*{display:none}.png",
    ") Tj ET (injected.png",
    "/JavaScript (app.alert(1)).png",
    "%%EOF.png",
    "<para><font size=99>.png",
    "=1+1.png",
    "{{7*7}}.png",
]
ODD = [
    "two\nlines\r\n.png",
    "turned \u202egnp.exe",
    "marks \u2066\u200f\u061c.png",
    "separators \u2028\u2029\x85.png",
    "half \udcff.png",
    "nul \x00 bell \x07 del \x7f.png",
    "עברית العربية 肺 😀 e\u0301.png",
    "x" * 900 + ".png",
    "word " * 200,
    "",
    " ",
]


class Tags(HTMLParser):
    """What a browser would find in the file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.cells: list[str] = []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "bdi":
            self.open = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag != "bdi"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open:
            self.cells[-1] += data


def html_of(tmp_path: Path, made) -> tuple[str, Tags]:
    write_report_html(tmp_path / "r.html", made)
    text = (tmp_path / "r.html").read_text("utf-8")
    return text, Tags(text)


def pdf_of(tmp_path: Path, made) -> PdfReader:
    write_report_pdf(tmp_path / "r.pdf", made)
    return PdfReader(tmp_path / "r.pdf", strict=True)


def words_of(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


class TestHtml(ExporterContract):
    def write(self, target: Path) -> None:
        write_report_html(target, content())


class TestPdf(ExporterContract):
    def write(self, target: Path) -> None:
        write_report_pdf(target, content())


def test_the_html_says_everything(tmp_path: Path) -> None:
    _, tags = html_of(tmp_path, content())
    text = " ".join(tags.words)
    for said in (
        "Scan of lung", RESEARCH_ONLY, "Adenocarcinoma", "98.7 %", "Refused", "almost only glass", "f" * 64,
        "Not abroad.", "62 of 63 right.", "Confidence is calibrated.", "1 of 2 images were reviewed.",
        "The file is empty. Copy it again.", "Ann", "90–100 %",
    ):  # fmt: skip
        assert said in text


def test_the_pdf_says_everything_on_whole_pages(tmp_path: Path) -> None:
    reader = pdf_of(tmp_path, content())
    text = words_of(reader)
    for said in (
        "Scan of lung", RESEARCH_ONLY, "Adenocarcinoma", "98.7 %", "Refused", "almost only glass", "f" * 64,
        "Not abroad.", "62 of 63 right.", "Confidence is calibrated.", "1 of 2 images were reviewed.",
        "The file is empty. Copy it again.", "Ann", "End of the report.",
    ):  # fmt: skip
        assert said in text
    assert reader.metadata.title == "Scan of lung"
    assert len(reader.pages[0].images) + len(reader.pages[-1].images) >= 1


def test_nothing_in_a_name_is_read_as_html(tmp_path: Path) -> None:
    plain = Tags((write_report_html(tmp_path / "p.html", content()), (tmp_path / "p.html").read_text())[1])
    names = INJECTIONS
    made = content(
        title=names[0],
        facts=(("Folder", names[1]),),
        rows=tuple(replace(ROW, name=n, call=n, reasons=n, review=n) for n in names),
        errors=tuple((n, n) for n in names),
        reviewing=tuple(names),
        pictures_note=names[3],
        pictures=(replace(content().pictures[0], name=names[1], caption=names[1]),),
    )
    text, tags = html_of(tmp_path, made)
    assert set(tags.tags) == set(plain.tags)
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert {value[:5] for name, value in tags.attributes if name == "src"} == {"data:"}
    assert "script" not in tags.tags
    assert "default-src 'none'" in text
    for name in names:
        assert name in tags.cells


def test_nothing_in_a_name_is_read_as_pdf(tmp_path: Path) -> None:
    rows = tuple(replace(ROW, name=name, review=name) for name in INJECTIONS)
    reader = pdf_of(tmp_path, content(title=INJECTIONS[9], rows=rows, errors=()))
    text = words_of(reader).replace("\n", "")
    for name in INJECTIONS:
        assert name.replace(" ", "")[:12] in text.replace(" ", "")
    raw = (tmp_path / "r.pdf").read_bytes()
    assert b"/JavaScript" not in raw
    assert b"/JS" not in raw
    assert b"/URI" not in raw
    assert b"/OpenAction" not in raw
    assert reader.metadata.title == INJECTIONS[9]


def test_the_html_fetches_nothing_and_runs_nothing(tmp_path: Path) -> None:
    text, tags = html_of(tmp_path, content())
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(tags.tags)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text


@pytest.mark.parametrize("write", [write_report_html, write_report_pdf])
def test_odd_names_are_written_without_line_breaks_or_turned_writing(tmp_path: Path, write) -> None:
    rows = tuple(replace(ROW, name=name, review=name) for name in ODD)
    write(tmp_path / "r", content(title=ODD[1], rows=rows, errors=tuple((n, "Gone.") for n in ODD)))
    data = (tmp_path / "r").read_bytes()
    if write is write_report_html:
        text = data.decode("utf-8")
        assert "\u202e" not in text
        assert "turned \\u202egnp.exe" in text
        assert "two\\nlines\\r\\n.png" in text
        assert "half \\udcff.png" in text
        assert "עברית العربية 肺 😀" in text
    else:
        text = words_of(PdfReader(io.BytesIO(data), strict=True))
        assert "two\\nlines" in text
        assert "\u202e" not in text


def test_what_is_shown_is_visible_and_on_one_line() -> None:
    for name in ODD:
        assert len(shown(name).splitlines()) <= 1
        shown(name).encode("utf-8")
        assert shown(shown(name)) == shown(name)
    assert shown("plain näme 肺.png") == "plain näme 肺.png"


@pytest.mark.parametrize("write", [write_report_html, write_report_pdf])
@pytest.mark.parametrize("kind", ["nothing", "only errors"])
def test_an_empty_scan_and_one_of_errors_only_have_a_report(tmp_path: Path, write, kind: str) -> None:
    bad = replace(ROW, call="", confidence=None, status=Status.ERROR, reasons="truncated", review="")
    made = content(
        rows=() if kind == "nothing" else (bad,) * 7,
        errors=() if kind == "nothing" else (("a.png", "Cut."),) * 7,
        statuses=(),
        classes=(),
        histogram=(0,) * 10,
        models=(),
        reviewing=(),
        pictures=(),
    )
    assert write(tmp_path / "r", made) == 0
    assert RESEARCH_ONLY.encode() in (tmp_path / "r").read_bytes() or write is write_report_pdf


def test_every_page_says_research_only_and_a_long_table_is_cut_by_what_matters(tmp_path: Path) -> None:
    fine = [replace(ROW, name=f"image_{i:05}.png", review="") for i in range(5000)]
    fine[4321] = replace(fine[4321], status=Status.REFUSED, call="", confidence=None, reasons="glass")
    fine[4999] = replace(fine[4999], review="Benign (not as called) – Ann")
    made = content(rows=tuple(fine))
    assert write_report_pdf(tmp_path / "r.pdf", made) == 3000
    reader = PdfReader(tmp_path / "r.pdf")
    assert len(reader.pages) < 100
    pages = [page.extract_text() for page in reader.pages]
    assert all(RESEARCH_ONLY in page for page in pages)
    assert all("Confidence" in page for page in pages[5:-1])
    text = "\n".join(pages)
    assert "2000 of 5000 rows are printed here" in text
    assert "image_04321.png" in text
    assert "image_04999.png" in text
    assert "image_04998.png" not in text
    assert text.index("image_00010") < text.index("image_04321") < text.index("image_04999")
    assert write_report_html(tmp_path / "r.html", made) == 0
    assert (tmp_path / "r.html").read_text().count("image_0") == 5000


def test_rows_keep_their_order_when_some_are_left_out() -> None:
    rows = [replace(ROW, name=str(i), review="") for i in range(9)]
    rows[7] = replace(rows[7], status=Status.REVIEW)
    assert [row.name for row in rows_that_fit(rows, 3)] == ["0", "1", "7"]
    assert rows_that_fit(rows, 9) == rows


@pytest.mark.parametrize("write", [write_report_html, write_report_pdf])
def test_writing_can_be_stopped_and_leaves_nothing(tmp_path: Path, write) -> None:
    ctx = CancellableContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        write(tmp_path / "r", content(), ctx.check)
    assert os.listdir(tmp_path) == []


def test_without_any_system_font_the_pdf_is_written_with_its_own(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(report_font, "system_font_files", list)
    text = words_of(pdf_of(tmp_path, content(rows=(replace(ROW, name="Łódź 肺 µm.png"),), errors=())))
    assert "ód" in text
    assert "?" in text


def test_no_model_claims_certainty() -> None:
    assert percent(1.0) == percent(0.9999) == "> 99.9 %"
    assert percent(0.954) == "95.4 %"


def test_only_overlays_of_ours_become_pictures(tmp_path: Path) -> None:
    image = np.full((300, 400, 3), 200, np.uint8)
    write_overlay_png(tmp_path / "a.png", image, np.linspace(0, 1, 49).reshape(7, 7))
    made = small_picture(tmp_path / "a.png", "a", "b")
    assert made is not None
    with Image.open(io.BytesIO(made.jpeg)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (made.width, made.height)
        assert max(picture.size) <= 760
    Image.new("RGB", (9, 9)).save(tmp_path / "foreign.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:2000])
    assert small_picture(tmp_path / "foreign.png", "a", "b") is None
    assert small_picture(tmp_path / "cut.png", "a", "b") is None
    assert small_picture(tmp_path / "none.png", "a", "b") is None


def test_the_limits_are_those_that_are_written() -> None:
    assert report_pdf.MOST_ROWS < report_html.MOST_ROWS
