"""How the two thresholds were chosen and what they achieve, in the words of a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lungviewer.core.model import ModelSpec
from training.markdown import percent
from training.wording import Words

Record = Mapping[str, Any]


def unreviewed_sentence(record: Record) -> str:
    """Whether validation shows that calls may do without review (`operating.unreviewed_record`)."""
    basis = f"{record['images']} validation images of {record['groups']} groups"
    interval = "the 95 % interval over groups, images of a group taken to be right or wrong together"
    if record["aim_met"]:
        return (
            f"{basis} show that at least {percent(record['aim'])} of calls are right: the lower end of "
            f"{interval}, is {percent(record['low'])}."
        )
    few = ""
    if record["at_most"] < record["aim"]:
        few = (
            f" With so few groups it could not pass {percent(record['at_most'])} if every answer were right."
        )
    return (
        f"at no confidence do {basis} show that at least {percent(record['aim'])} of calls are right. The "
        f"lower end of {interval}, is {percent(record['low'])} at best.{few}"
    )


def review_lines(spec: ModelSpec, calibration: Record) -> list[str]:
    """For the card: below which confidence an answer is marked, and what validation shows of the rest."""
    unreviewed = calibration["unreviewed"]
    if spec.trust.always_review:
        return [f"**Every answer is marked *review*, however sure it is**: {unreviewed_sentence(unreviewed)}"]
    review = calibration["review"]
    aims = (
        f"what validation allowed was: {calibration['target']} (error {percent(review['plain_error'])} in "
        f"all, {percent(review['selective_error'])} among the {percent(review['coverage'])} kept)"
    )
    marked = f"Below a confidence of {spec.trust.review_below:g} an answer is marked *review*; {aims}."
    if spec.trust.review_below <= 0:
        marked = f"No answer is marked *review* for its confidence; {aims}."
    return [marked, f"What may go without review: {unreviewed_sentence(unreviewed)}"]


def made_up_lines(record: Record | None, words: Words) -> list[str]:
    """For the card: how answers and calls fare as made-up laboratories would show the images."""
    if record is None:
        return []
    plain, calls, kept = (record[k] for k in ("plain_accuracy", "selective_accuracy", "coverage"))
    shown = f"as {record['laboratories']} {words.made_up} would show them ({words.made_up_changes})"
    if calls is None:
        return [
            f"Of the answers about validation images {shown} {percent(plain['mean'])} are right on average "
            f"over them ({percent(plain['lowest'])} to {percent(plain['highest'])}); none is a call."
        ]
    return [
        f"The thresholds were also chosen on validation images {shown}: "
        f"{percent(plain['mean'])} of all answers are right there, and of its calls "
        f"{percent(calls['mean'])} on average over them ({percent(calls['lowest'])} to "
        f"{percent(calls['highest'])}), on {percent(kept['mean'])} of images. The aim of "
        f"{percent(record['aim'])} was {'met' if record['aim_met'] else 'NOT met'}."
    ]
