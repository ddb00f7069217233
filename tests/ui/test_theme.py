"""Light, dark and the size of text; the ring around what has the keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontDatabase, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSplitter,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from lungviewer.ui import theme
from lungviewer.ui.settings import Settings
from lungviewer.ui.theme import ThemeKeeper, apply_theme, is_dark, make_palette, other_theme

Group, Role = QPalette.ColorGroup, QPalette.ColorRole

TEXT_ON = [
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.Window),
    (Role.BrightText, Role.Window),
    (Role.HighlightedText, Role.Highlight),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.Link, Role.Base),
    (Role.Link, Role.Window),
    (Role.LinkVisited, Role.Base),
]


def contrast(one, other):
    """WCAG 2.2, success criterion 1.4.3: (lighter + 0.05) / (darker + 0.05) of relative luminance."""

    def luminance(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def app(qapp):
    """Put back as it was."""
    style, palette, font = qapp.style().name(), qapp.palette(), qapp.font()
    yield qapp
    qapp.styleHints().unsetColorScheme()
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def system(monkeypatch):
    """What the system wants: False light, True dark."""
    wish = {"dark": False}
    monkeypatch.setattr(theme, "_system_is_dark", lambda: wish["dark"])
    return wish


@pytest.fixture
def keeper(app, settings):
    keeper = ThemeKeeper(app, settings)
    yield keeper
    keeper.deleteLater()


def window_colour(app):
    return app.palette().color(Role.Window).name()


LIGHT, DARK = (make_palette(dark).color(Role.Window).name() for dark in (False, True))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON, ids=lambda role: role.name)
def test_text_can_be_read(qapp, dark, ink, ground):
    palette = make_palette(dark)
    assert contrast(palette.color(ink), palette.color(ground)) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_focus_ring_and_what_is_switched_off_can_be_seen(qapp, dark):
    palette = make_palette(dark)
    for ground in (Role.Window, Role.Base, Role.Button):
        assert contrast(palette.color(Role.Accent), palette.color(ground)) >= 3
    for ink, ground in ((Role.WindowText, Role.Window), (Role.Text, Role.Base)):
        faint = palette.color(Group.Disabled, ink)
        assert contrast(faint, palette.color(ground)) >= 3
        assert faint != palette.color(ink)


def test_the_contrast_of_black_on_white_is_known():
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert contrast(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.01)


def test_the_theme_changes_while_windows_are_open(app, settings, keeper, qtbot):
    label = QLabel("words")
    qtbot.addWidget(label)
    label.setAutoFillBackground(True)
    label.show()
    for name, colour in (("dark", DARK), ("light", LIGHT)):
        settings.update(theme=name)
        app.processEvents()
        image = label.grab().toImage()
        assert image.pixelColor(image.width() - 1, image.height() - 1).name() == colour


def test_the_systems_look_is_followed_at_once(app, settings, keeper, system):
    assert window_colour(app) == LIGHT
    system["dark"] = True
    app.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert window_colour(app) == DARK
    settings.update(theme="light")
    app.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert window_colour(app) == LIGHT
    settings.update(theme="system")
    assert window_colour(app) == DARK


def test_the_other_theme_is_the_one_that_is_not_seen(app, system):
    assert [other_theme(name) for name in ("light", "dark", "system")] == ["dark", "light", "dark"]
    system["dark"] = True
    assert other_theme("system") == "light"
    assert is_dark("system")


def test_text_grows_and_comes_back_to_its_size(app, settings, keeper):
    usual = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).pointSizeF()
    label = QLabel("words")
    before = label.sizeHint().width()
    settings.update(text_scale=1.5)
    app.processEvents()
    assert app.font().pointSizeF() == pytest.approx(usual * 1.5)
    assert label.sizeHint().width() > before * 1.3
    settings.update(text_scale=1.0)
    assert app.font().pointSizeF() == pytest.approx(usual)


def test_colours_of_high_contrast_are_left_alone(app, monkeypatch):
    apply_theme(app, Settings(theme="dark"))
    assert window_colour(app) == DARK
    monkeypatch.setattr(theme, "_high_contrast", lambda: True)
    apply_theme(app, Settings(theme="dark"))
    assert window_colour(app) == app.style().standardPalette().color(Role.Window).name()


def test_other_settings_repaint_nothing(app, settings, keeper, monkeypatch):
    asked = []
    monkeypatch.setattr(theme, "apply_theme", lambda *_: asked.append(1))
    settings.update(threads=2)
    assert asked == []
    settings.update(theme="dark")
    assert asked == [1]


@pytest.fixture
def two_fields(qtbot, keeper):
    window = QWidget()
    layout = QVBoxLayout(window)
    splitter = QSplitter()
    window.first, window.second = QPushButton("first"), QLineEdit()
    splitter.addWidget(window.first)
    splitter.addWidget(window.second)
    layout.addWidget(splitter)
    window.splitter = splitter
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    window.first.setFocus()
    return window


def rings(window):
    return [w for w in window.findChildren(QWidget, "focus-ring") if w.isVisible()]


def test_the_keyboard_moves_a_ring_from_control_to_control(qapp, two_fields):
    QTest.keyClick(two_fields.first, Qt.Key.Key_Tab)
    assert [ring.parent() for ring in rings(two_fields)] == [two_fields.second]
    two_fields.resize(700, 200)
    qapp.processEvents()
    assert rings(two_fields)[0].size() == two_fields.second.size()
    QTest.keyClick(two_fields.second, Qt.Key.Key_Backtab)
    assert [ring.parent() for ring in rings(two_fields)] == [two_fields.first]
    assert two_fields.splitter.count() == 2


def test_the_ring_goes_with_its_control(qapp, two_fields):
    QTest.keyClick(two_fields.first, Qt.Key.Key_Tab)
    two_fields.second.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    QTest.keyClick(two_fields, Qt.Key.Key_Tab)
    assert [ring.parent() for ring in rings(two_fields)] == [two_fields.first]


def test_the_mouse_needs_no_ring(qapp, two_fields):
    QTest.mouseClick(two_fields.second, Qt.MouseButton.LeftButton)
    assert qapp.focusWidget() is two_fields.second
    assert rings(two_fields) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
@pytest.mark.parametrize("ground", [Role.Base, Role.Window])
def test_what_can_be_ticked_has_a_frame_that_is_seen(app, settings, qtbot, dark, kind, ground):
    """WCAG 2.2, success criterion 1.4.11: 3:1 against what lies around, which in menus is another colour."""
    settings.update(theme="dark" if dark else "light")
    apply_theme(app, settings.current)
    around = QWidget()
    qtbot.addWidget(around)
    around.setAutoFillBackground(True)
    around.setBackgroundRole(ground)
    box = kind(around)
    around.resize(60, 40)
    around.show()
    picture = around.grab().toImage()
    option = QStyleOptionButton()
    box.initStyleOption(option)
    place = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, box)
    seen = picture.pixelColor(place.center().x() + box.x(), place.top() + box.y())
    assert contrast(seen, app.palette().color(ground)) >= 3
