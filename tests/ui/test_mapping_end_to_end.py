"""A drawn slide in the window: read, mapped, kept, gone on with, exported; only the model is a fake."""

import pytest

from lungviewer.services.phantom.slide import write_phantom_slide
from lungviewer.ui.main_window import MainWindow
from lungviewer.ui.session import ViewerSession
from tests.fixtures.batch import no_process_left
from tests.fixtures.windows import FakeKeeper, load_model


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    path = tmp_path_factory.mktemp("slides") / "phantom.tiff"
    write_phantom_slide(path, 2000, 1500)
    return path


def test_a_slide_is_mapped_stopped_by_closing_and_gone_on_with(qtbot, settings, slide, tmp_path):
    settings.update(notice_seen=True)
    done, kept = [], []
    with no_process_left():
        for last in (False, True):
            session = ViewerSession(settings, keeper=FakeKeeper(), mapping_keeper=FakeKeeper())
            window = MainWindow(session)
            kept.append((session, window))  # Qt ends them, not Python's collector while the next one works
            qtbot.addWidget(window)
            window.show()
            load_model(qtbot, session)
            session.open_paths([slide])
            qtbot.waitUntil(lambda s=session: s.mapping.map is not None, timeout=60_000)
            done.append(len(session.mapping.map.tiles))
            wanted = session.mapping.map.wanted if last else 1
            qtbot.waitUntil(lambda s=session, n=wanted: len(s.mapping.map.tiles) >= n, timeout=60_000)
            if last:
                qtbot.waitUntil(lambda s=session: not s.mapping.running, timeout=20_000)
                assert session.mapping.map.complete
                assert session.record(session.current).um_per_px == pytest.approx(0.25)
                qtbot.waitUntil(lambda w=window: bool(w.side.regions.buttons), timeout=20_000)
                window.windows.show_export()
                dialog = window.windows._made["export"]
                dialog.folder.take(tmp_path / "maps")
                dialog.start.click()
                qtbot.waitUntil(lambda d=dialog: d.said.isVisible(), timeout=60_000)
                assert (
                    dialog.said.text()
                    == "5 files of this slide were written, with a table of slides and what ran."
                )
            window.close()
            assert session.close()
            assert window.ended
    assert done[0] == 0
    assert done[1] >= 1
