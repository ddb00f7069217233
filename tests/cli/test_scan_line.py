"""What stands under the bar while a scan runs in a terminal."""

from lungviewer.cli.scan_command import _describe
from lungviewer.services.scan import ScanProgress
from lungviewer.services.slide_scan import SlideAdvance


def test_the_line_tells_how_far_it_is_inside_a_slide_without_its_name():
    assert _describe(SlideAdvance("Smith.svs", 2, 5, 0, 0)) == "Slide 2 of 5: looking for tissue"
    assert _describe(SlideAdvance("Smith.svs", 2, 5, 40, 900)) == "Slide 2 of 5: 40 of 900 tiles"
    assert _describe(ScanProgress((), {"ok": 2}, {"benign": 1})) == "ok 2 · benign 1"
    assert _describe("something else") == ""
