"""Batches across requests, fair turns, and what becomes of requests that nobody waits for."""

import asyncio
import gc
import threading

import numpy as np
import pytest

from lungviewer.core.errors import BackendError
from lungviewer.packs.store import load_pack
from lungviewer.server.models import ServedModel
from lungviewer.server.multipart import ClientGone
from lungviewer.server.problems import Problem
from lungviewer.server.room import Room
from lungviewer.server.uploads import UploadFolder
from lungviewer.server.waiting import wanted
from lungviewer.server.worker import Question, Worker
from lungviewer.services.classify import classify_file
from lungviewer.services.engine import InferenceEngine
from tests.fixtures.packs import COLOURS, paint
from tests.server.conftest import png


class Gated:
    """An engine whose first batch waits until it is let go; it counts the fields of each batch."""

    def __init__(self, engine):
        self.spec, self.provenance = engine.spec, engine.provenance
        self.began, self.go, self.batches, self.fails = threading.Event(), threading.Event(), [], 0
        self._engine = engine

    def analyse(self, fields, failed):
        self.batches.append(len(fields))
        self.began.set()
        assert self.go.wait(30)
        if len(self.batches) == self.fails:
            raise BackendError("The model failed.")
        return self._engine.analyse(fields, failed)


@pytest.fixture
def engine(packs):
    found = InferenceEngine.open(load_pack(packs[0]), threads=1)
    yield found
    found.close()


@pytest.fixture
def desk(tmp_path, engine):
    """A worker, a function that makes an upload of a picture, and a gated model."""
    worker, room = Worker(), Room(10, 1 << 30)
    with UploadFolder(tmp_path) as folder:

        def upload(picture):
            made = folder.new("a.png", room)
            made.write(picture)
            made.complete()
            return made

        yield worker, upload, Question(ServedModel(Gated(engine), ""))
    worker.close()


async def gone(*uploads):
    """Until uploads were read, which is when their files go."""
    while any(upload.path.exists() for upload in uploads):
        await asyncio.sleep(0.001)


async def began(gated):
    await asyncio.to_thread(gated.began.wait)


def small(seed):
    return png(paint(COLOURS[seed % 3], seed=seed))


def test_what_gathers_while_a_batch_runs_becomes_the_next_one(desk):
    worker, upload, question = desk
    gated = question.model.engine

    async def run():
        first = asyncio.create_task(worker.classify(upload(small(0)), question))
        await began(gated)
        uploads = [upload(small(i)) for i in range(1, 6)]
        others = [asyncio.create_task(worker.classify(u, question)) for u in uploads]
        await gone(*uploads)
        gated.go.set()
        return await asyncio.gather(first, *others)

    results = asyncio.run(run())
    assert gated.batches == [1, 5]
    assert [r.prediction.predicted for r in results] == ["tumour_a", "tumour_b", "benign"] * 2


def test_a_large_image_does_not_hold_up_a_small_one_and_both_get_their_own_answer(desk, engine, tmp_path):
    worker, upload, question = desk
    gated, order = question.model.engine, []
    large = png(np.concatenate([paint(COLOURS[i % 3], 64, 512, seed=i) for i in range(20)], axis=1))

    async def ask(name, sent):
        result = await worker.classify(sent, Question(question.model, um_per_px=1.0))
        order.append(name)
        return result

    async def run():
        first = asyncio.create_task(ask("large", upload(large)))
        await began(gated)
        sent = upload(small(1))
        second = asyncio.create_task(ask("small", sent))
        await gone(sent)
        gated.go.set()
        return await asyncio.gather(first, second)

    found = asyncio.run(run())
    assert order == ["small", "large"]
    assert len(gated.batches) > 3
    (tmp_path / "large.png").write_bytes(large)
    alone = InferenceEngine.open(engine._pack, threads=1)
    assert found[0].prediction == classify_file(tmp_path / "large.png", alone, um_per_px=1.0).prediction
    alone.close()


def test_a_failure_of_the_model_reaches_all_of_its_batch_and_nobody_else(desk):
    worker, upload, question = desk
    gated = question.model.engine
    gated.fails = 2

    async def run():
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said["message"]))
        before = asyncio.create_task(worker.classify(upload(small(0)), question))
        await began(gated)
        uploads = [upload(small(i)) for i in (1, 2, 3)]
        together = [asyncio.create_task(worker.classify(u, question)) for u in uploads]
        await gone(*uploads)
        gated.go.set()
        failed = await asyncio.gather(*together, return_exceptions=True)
        after = await worker.classify(upload(small(1)), question)
        found = [(await before).prediction.predicted, after.prediction.predicted]
        gc.collect()
        await asyncio.sleep(0)
        return failed, found, complaints

    failed, found, complaints = asyncio.run(run())
    assert gated.batches == [1, 3, 1]
    assert [(type(e), e.message) for e in failed] == [(BackendError, "The model failed.")] * 3
    assert found == ["tumour_a", "tumour_b"]
    assert complaints == []


def test_who_stops_waiting_is_dropped_and_holds_no_memory(desk, monkeypatch):
    worker, upload, question = desk
    gated = question.model.engine

    async def run():
        running = asyncio.create_task(worker.classify(upload(small(0)), question))
        await began(gated)
        sent = upload(small(1))
        leaving = asyncio.create_task(worker.classify(sent, question))
        await gone(sent)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gated.go.set()
        await running
        return leaving.cancelled()

    assert asyncio.run(run())
    assert gated.batches == [1]
    assert worker._memory._fields._held == 0


@pytest.mark.parametrize("turns", range(6))
def test_who_goes_in_the_turn_in_which_the_batch_ends_harms_nobody(desk, turns):
    """At one of these moments the answer was given up, but is still in the queue."""
    worker, upload, question = desk
    gated = question.model.engine

    async def run():
        first = asyncio.create_task(worker.classify(upload(small(0)), question))
        await began(gated)
        uploads = [upload(small(i)) for i in (1, 2)]
        leaving, staying = (asyncio.create_task(worker.classify(u, question)) for u in uploads)
        await gone(*uploads)
        while len(worker._queue) < 3:
            await asyncio.sleep(0)
        let_first_go, gated.go = gated.go.set, threading.Event()
        let_first_go()
        await first
        while len(gated.batches) < 2:
            await asyncio.sleep(0)
        gated.go.set()
        worker._model.submit(int).result()  # the batch ended, and the loop has not heard of it
        for _ in range(turns):
            await asyncio.sleep(0)
        leaving.cancel()
        answered = await asyncio.wait_for(staying, 30)
        await asyncio.gather(leaving, return_exceptions=True)
        return answered.prediction.predicted

    assert asyncio.run(run()) == "benign"
    assert gated.batches == [1, 2]


def test_an_answer_is_waited_for_until_the_client_hangs_up_or_time_is_over():
    ended = []

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def hangs_up():
        return {"type": "http.disconnect"}

    async def stays():
        await asyncio.Event().wait()

    with pytest.raises(ClientGone):
        asyncio.run(wanted(endless(), hangs_up, 30))
    with pytest.raises(Problem, match="no answer within"):
        asyncio.run(wanted(endless(), stays, 0.01))
    assert asyncio.run(wanted(asyncio.sleep(0, "said"), stays, 30)) == "said"
    assert ended == [True, True]


def test_room_is_for_so_many_requests_and_bytes():
    room = Room(2, 100)
    with room.request("a"), room.request("b"), pytest.raises(Problem, match="Too many"), room.request("c"):
        pass
    room.take(60)
    with pytest.raises(Problem, match="Too many"):
        room.take(60)
    room.give_back(60)
    room.take(100)
