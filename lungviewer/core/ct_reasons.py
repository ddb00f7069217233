"""Sentences for what is odd about CT pictures and series, by code (core/trust.py has them among its own)."""

from __future__ import annotations

CT_SENTENCES: dict[str, str] = {
    "no_hu": "The picture has no Hounsfield units and no millimetres: it was taken as it was saved.",
    "frames_not_validated": "The file has several slices; nobody measured how often an answer for all of "
    "them together is right.",
    "series_not_finished": "Not all slices of the series were looked at yet.",
    "series_unreadable": "Some slices of the series could not be read.",
    "series_not_validated": "No labelled series were available to measure how often answers about series "
    "are right: look at the slices.",
    "slice_unreadable": "This slice could not be read.",
    # What core/ct_order.py finds.
    "series_gap": "Slices are missing within the series.",
    "series_doubled": "Some slices of the series lie at the same place.",
    "series_uneven": "The slices of the series do not lie at even distances.",
    "series_shifted": "The slices of the series do not all lie over each other: the picture jumps sideways.",
    "series_not_axial": "The slices do not lie across the body.",
    "series_no_positions": "The files do not state where their slices lie: the order is that of their "
    "numbers, and gaps cannot be found.",
    "series_by_name": "The files state neither position nor number: the order is that of their names.",
    "series_unnamed": "The files do not state which series they belong to.",
    "series_mixed_size": "The files of this series differ in size; each size is a series of its own here.",
    "series_mixed_spacing": "The files of this series differ in spacing; each is a series of its own here.",
    "series_mixed_orientation": "The slices of this series lie in different directions; each direction is a "
    "series of its own here.",
    "series_mixed_position": "Some files of this series do not state where their slices lie; they are a "
    "series of their own here.",
}
"""Codes of `CtSeries.notes`, and others about CT."""
