"""The page in a real browser: what a person gives it, and what it shows."""

import json

import pytest
from PIL import Image

from lungviewer.core.paths import bundled
from tests.fixtures.browser import Browser, find_browser
from tests.fixtures.dicoms import phantom, write_slice
from tests.fixtures.packs import COLOURS, paint

DONE = "document.querySelectorAll('#list .ok, #list .review, #list .refused, #list .failed').length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    command = find_browser()
    if command is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    with Browser(command, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(browser, form):
    browser.events.clear()
    browser.look(1280, 720)
    browser.open(form.url)
    yield browser
    assert browser.complaints() == []
    assert {address.partition(":")[0] for address in browser.requests()} <= {"http", "blob", "data"}
    assert all(a.startswith((form.url, "blob:", "data:")) for a in browser.requests())


@pytest.fixture
def files(tmp_path, call, strange, doubtful):
    made = {"call <b>.png": call, "strange.png": strange, "doubtful.png": doubtful, "words.txt": b"words"}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in made]


def text(page, selector):
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")


def shown(page, selector):
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).checkVisibility()")


def give(page, files):
    page.give_files("#input", files)
    page.wait_for(f"{DONE} === {len(files)}")


def test_several_files_become_a_list_of_answers_in_words(page, files):
    give(page, files)
    rows = page.evaluate("[...document.querySelectorAll('#list li')].map(row => row.innerText.split('\\n'))")
    assert [row[0] for row in rows] == ["call <b>.png", "strange.png", "doubtful.png", "words.txt"]
    assert rows[0][1].startswith("✓ OK · Tumour A ")
    assert rows[1][1] == "⊘ Refused"
    assert rows[2][1].startswith("! Needs review")
    assert rows[3][1] == "× Cannot be read"


def test_a_call_shows_bars_reasons_and_the_map(page, files):
    give(page, files[:1])
    said = text(page, "#answer")
    assert said.startswith("call <b>.png\n\nTumour A, ")
    assert "The file does not state its µm per pixel" in said
    assert "Research use only, not for diagnosis." in said
    assert "100\u00a0%" not in said
    bars = page.evaluate(
        "[...document.querySelectorAll('.fill')].map(bar => bar.getBoundingClientRect().width)"
    )
    assert bars == sorted(bars, reverse=True)
    assert len(bars) == 3
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.fill')).backgroundColor")
        == "rgb(214, 39, 40)"
    )
    page.wait_for("document.getElementById('map').naturalWidth === 4")
    picture, laid = (
        page.evaluate(f"JSON.stringify(document.getElementById('{name}').getBoundingClientRect())")
        for name in ("picture", "map")
    )
    assert picture == laid


def test_a_refused_image_shows_no_probabilities_and_is_hatched(page, files):
    give(page, files[1:2])
    said = text(page, "#answer")
    assert "No call" in said
    assert "unlike anything this model was trained on" in said
    assert page.evaluate("document.querySelectorAll('.bars').length") == 0
    assert shown(page, "#refused")
    assert not shown(page, "#controls")


def test_a_file_that_cannot_be_read_says_why(page, files):
    give(page, files[3:])
    assert "does not begin like a picture" in text(page, "#answer")
    page.wait_for("!document.getElementById('nopicture').hidden")


def test_files_can_be_dropped_anywhere(page, files):
    page.drop_files(800, 400, files[:2])
    page.wait_for(f"{DONE} === 2")
    assert not shown(page, "#veil")


def test_the_keyboard_reaches_list_map_and_opacity(page, files):
    give(page, files[:3])
    page.evaluate("document.getElementById('list').focus()")
    page.press("ArrowDown", "ArrowDown")
    assert "strange.png" in text(page, "#list [aria-selected=true]")
    page.press("Home", "Home")
    assert "call <b>.png" in text(page, "#list [aria-selected=true]")
    page.press(" ", "Space", " ")
    assert not shown(page, "#map")
    page.press(" ", "Space", " ")
    page.press("]", "BracketRight", "]")
    assert page.evaluate("document.getElementById('map').style.opacity") == "0.5"
    page.press("c", "KeyC", "c")
    assert page.evaluate("document.getElementById('class').value") == "tumour_b"
    page.press("Delete", "Delete")
    assert page.evaluate("document.querySelectorAll('#list li').length") == 2


def test_another_model_is_asked_about_every_image_again(page, files):
    give(page, files[:1])
    page.evaluate(
        "const s = document.getElementById('pack'); s.selectedIndex = 2; s.dispatchEvent(new Event('change'))"
    )
    page.wait_for("document.getElementById('answer').innerText.includes('tiny-ct 1.0.0')")


def test_a_model_of_the_other_kind_is_offered_where_an_image_needs_it(browser, packs, tmp_path):
    from tests.fixtures.served import Served

    grey = tmp_path / "grey.png"
    Image.fromarray(paint((128, 128, 128))).save(grey)
    with Served(tmp_path, "--pack", strict(tmp_path), "--pack", packs[1]) as served:
        browser.open(served.url)
        give(browser, [grey])
        assert "no stain colour" in text(browser, "#answer")
        browser.evaluate("document.querySelector('#answer button').click()")
        browser.wait_for("document.getElementById('answer').innerText.includes('Benign')")
        assert browser.evaluate("document.getElementById('pack').value") == ""  # of this image alone


def test_the_automatic_choice_gives_slices_to_the_ct_model(page, files):
    slice_ = write_slice(files[0].with_name("slice.dcm"), phantom())
    give(page, [slice_, files[0]])
    assert "tiny-ct 1.0.0" in text(page, "#answer")
    assert text(page, "#said") == f"slice.dcm: {text(page, '#answer h2')}. {text(page, '.status')[2:]}."
    page.evaluate("document.querySelectorAll('#list li')[1].click()")
    assert "tiny-tissue 1.0.0" in text(page, "#answer")
    assert page.evaluate("document.getElementById('pack').value") == ""


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_name_of_a_model_is_not_cut_off(page, width):
    page.look(width, 720)
    cut = """(() => {
        const select = document.getElementById('pack');
        select.options[1].textContent = 'Chest CT slices, MobileNetV2 (frozen, head on augmented views)';
        select.selectedIndex = 1;
        const pen = document.createElement('canvas').getContext('2d');
        pen.font = getComputedStyle(select).font;
        return pen.measureText(select.options[1].text).width > select.clientWidth - 36;
    })()"""
    assert not page.evaluate(cut)


def test_a_server_that_is_gone_is_said(browser, packs, tmp_path):
    from tests.fixtures.served import Served

    with Served(tmp_path, "--pack", packs[0]) as served:
        browser.open(served.url)
        served.stop()
        picture = tmp_path / "a.png"
        Image.fromarray(paint(COLOURS[0])).save(picture)
        give(browser, [picture])
    assert "The server cannot be reached." in text(browser, "#answer")


def strict(folder):
    """A histology pack that looks at colours, as real ones do."""
    from tests.fixtures.packs import tiny_pack

    return tiny_pack(folder / "strict", pack_id="tiny-strict")


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (700, 900)])
def test_nothing_is_cut_off_at_the_sides(page, size):
    page.look(*size)
    sample = bundled("resources") / "samples" / "synthetic_adenocarcinoma_2.jpg"
    give(page, [sample])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    inside = """[...document.querySelectorAll('header *, .files *, #answer *, .controls *')].every(one => {
        const box = one.getBoundingClientRect();
        return box.width === 0 || (box.left >= 0 && box.right <= innerWidth + 1);
    })"""
    assert page.evaluate(inside)
    edge = "document.getElementById('viewer').getBoundingClientRect().right + 1"
    controls = "[...document.querySelectorAll('.controls *')]"
    assert page.evaluate(f"{controls}.every(one => one.getBoundingClientRect().right <= {edge})")


def test_light_and_dark_follow_the_system(page):
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.look(1280, 720, "dark")
    assert page.evaluate(background) != light


def test_the_description_for_programs_is_drawn_without_a_network(page, form):
    page.open(f"{form.url}/docs")
    said = text(page, "#docs")
    assert "POST /predict/batch" in said
    assert f"curl -F file=@image.png {form.url}/predict" in said
    assert "all_predictions" in said


def test_the_picture_fills_its_place_whatever_its_shape(page, tmp_path):
    wide = tmp_path / "wide.png"
    Image.fromarray(paint(COLOURS[0], 400, 100)).save(wide)
    give(page, [wide])
    page.wait_for("document.getElementById('picture').naturalWidth === 400")
    width, height = page.evaluate(
        "(box => [box.width, box.height])(document.getElementById('picture').getBoundingClientRect())"
    )
    room = page.evaluate("document.getElementById('room').getBoundingClientRect().width")
    assert width == pytest.approx(room, abs=1)
    assert width / height == pytest.approx(4, rel=0.01)
