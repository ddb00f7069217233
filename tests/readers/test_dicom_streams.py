"""What packed pixels say about themselves, and what decoders complain about."""

import contextlib
import os

import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import JPEG2000, JPEG2000Lossless

from lungviewer.readers.dicom import open_dicom
from lungviewer.readers.dicom_j2k import is_lossy
from lungviewer.readers.dicom_streams import listening_in_a_file, listening_on_a_pipe
from tests.fixtures.dicoms import phantom, slice_dataset, to_bytes


@pytest.fixture
def packed():
    """A slice in JPEG 2000, with loss or without; the file itself says nothing of it."""

    def pack(*, lossy: bool):
        found, rate = slice_dataset(phantom(64)), {"j2k_cr": [10]} if lossy else {}
        syntax = JPEG2000 if lossy else JPEG2000Lossless
        found.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False, **rate)
        found.file_meta.TransferSyntaxUID = JPEG2000
        assert "LossyImageCompression" not in found
        return found

    return pack


@pytest.mark.parametrize("frames", [(False,), (True,), (False, False), (False, True)], ids=str)
def test_jpeg_2000_says_itself_that_something_was_lost(packed, tmp_path, frames):
    found = packed(lossy=frames[0])
    if len(frames) > 1:
        streams = [get_frame(packed(lossy=one).PixelData, 0, number_of_frames=1) for one in frames]
        found.NumberOfFrames, found.PixelData = len(frames), encapsulate(streams)
        found["PixelData"].is_undefined_length = True
    path = tmp_path / "a.dcm"
    path.write_bytes(to_bytes(found))
    assert open_dicom(path).notes == (("lossy",) if any(frames) else ())


def test_the_own_coding_of_a_component_says_what_was_lost():
    """The COC marker wins over COD (ISO/IEC 15444-1, A.6.2); what is cut or no stream says nothing."""
    size = b"\xff\x51" + (41).to_bytes(2, "big") + bytes(39)

    def stream(cod, *own):
        head = b"\xff\x4f" + size + b"\xff\x52\0\x0c\0\0\0\1\0\5\4\4\0" + bytes([cod])
        return head + b"".join(b"\xff\x53\0\x09\0\0\5\4\4\0" + bytes([one]) for one in own) + b"\xff\x90"

    assert [is_lossy(stream(*each)) for each in [(0,), (1,), (0, 1), (1, 0)]] == [True, False, False, True]
    assert not any(is_lossy(stream(0)[:length]) for length in range(58))
    assert not is_lossy(b"\xff\xd8" + stream(0)[2:])


@pytest.mark.parametrize("listening", [listening_on_a_pipe, listening_in_a_file])
@pytest.mark.parametrize("lines", [0, 1, 20_000])
def test_what_a_decoder_complains_about_is_heard_and_never_waited_for(listening, lines, capfd):
    with listening() as heard:
        for _ in range(lines):
            with contextlib.suppress(BlockingIOError):  # as C does, which does not even look
                os.write(2, b"Corrupt JPEG data\n")
    assert bool(b"".join(heard)) == bool(lines)
    assert len(b"".join(heard)) <= 1 << 16
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"
