"""A whole slide into a map of classes and of what speaks for them, tile by tile.

    reader processes ──► threads: check ──► queue ──► this thread: model, judge, store, map, snapshot

Every tile is in the store before anybody hears of it. The same slide gives the same map whatever the batch,
the number of readers, and how often mapping was stopped.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lungviewer.core.errors import NotCt, OutputError
from lungviewer.core.image import ImageInfo, SlideSource
from lungviewer.core.job import JobContext
from lungviewer.core.model import ModelSpec
from lungviewer.core.paths import user_data_dir
from lungviewer.core.slide_grid import TileGrid, plan_grid
from lungviewer.core.slide_tile import UNREADABLE
from lungviewer.core.tissue_map import TissueMap, find_tissue
from lungviewer.core.trust import REASON_SENTENCES, prepare_checks
from lungviewer.readers import opening
from lungviewer.readers.isolated import IsolatedDecoder
from lungviewer.services.classify import display_name
from lungviewer.services.engine import InferenceEngine
from lungviewer.services.file_state import FileState
from lungviewer.services.slide_growing import GrowingMap
from lungviewer.services.slide_index import MAPS_FOLDER, keep_finished, kept_key, place_of
from lungviewer.services.slide_reading import SlideReading, until_stopped
from lungviewer.services.slide_result import MapOptions, SlideMap
from lungviewer.services.slide_run import MapRun, require_unchanged, state_of
from lungviewer.store.slide_index import forget_rows
from lungviewer.store.slide_store import KeptMap, SlideStore, glimpse, prune

OVERVIEW_SIDE = 2048
"""Pixels of the picture that tissue is looked for on."""

_LOADED_AT_ONCE = 1024


def map_slide(
    path: Path,
    engine: InferenceEngine,
    options: MapOptions,
    ctx: JobContext,
    *,
    readers: int = 2,
    batch: int = 32,
    fresh: bool = False,
    name: str | None = None,
) -> SlideMap:
    """Look at every tile of a slide that holds tissue. Goes on where an earlier call was stopped or killed,
    and tries tiles again that could not be read; a slide that was finished before is answered from what was
    kept.

    `ctx.partial` gets a snapshot, a `SlideMap`, at most ten times a second, `ctx.progress` tiles done and
    wanted.

    Args:
        readers: processes that read the slide side by side.
        batch: tiles per run of the model.
        fresh: forget what was kept.
        name: what the record's `path` says; default the display name of `path`.

    Raises:
        ImageError: the slide cannot be opened, or states no µm per pixel (`SpacingUnknown`), or changed
            meanwhile (`FileChanged`), or the model reads CT (`NotCt`). Single unreadable tiles are refused
            tiles of the map, no error.
        Cancelled: `ctx` asked to stop; what was done is kept.
        OutputBusy: another process maps this slide just now.
        OutputUnwritable: what was found out cannot be kept; what was kept before is safe.
    """
    require_histology(engine.spec)
    state = state_of(path)
    with IsolatedDecoder() as decoder:  # leaving it ends the slide's processes, whatever they are doing
        # They are polite: they fill the queue while the model waits, and never the other way round.
        source = until_stopped(
            ctx,
            lambda: opening.open_slide(
                path, options.um_per_px, readers=readers, polite=True, decoder=decoder
            ),
            meanwhile=prepare_checks,
        )
        return map_source(
            source, state, engine, options, ctx, readers=readers, batch=batch, fresh=fresh, name=name
        )


def look_at_slide(
    path: Path,
    engine: InferenceEngine,
    options: MapOptions,
    name: str | None = None,
    *,
    decoder: IsolatedDecoder | None = None,
) -> SlideMap:
    """What is known of a slide without running the model: its tissue, the plan, and what is kept of an
    earlier, perhaps unfinished, map by this model under these options. Raises ImageError as `map_slide`.

    Closing `decoder` ends what reads the slide, whatever it is doing.
    """
    require_histology(engine.spec)
    state = state_of(path)
    with contextlib.closing(opening.open_slide(path, options.um_per_px, decoder=decoder)) as source:
        return look_at_source(source, state, engine, options, name)


def map_source(
    source: SlideSource,
    state: FileState,
    engine: InferenceEngine,
    options: MapOptions,
    ctx: JobContext,
    *,
    readers: int = 2,
    batch: int = 32,
    fresh: bool = False,
    name: str | None = None,
) -> SlideMap:
    """`map_slide` of an open slide, which is closed; `state`: of its file before it was opened."""
    started = time.perf_counter()
    info, folder = source.info, _folder()
    with contextlib.ExitStack() as leaving:
        leaving.enter_context(contextlib.closing(source))
        grid = _plan(info, engine, options)
        key = _key(info, state, engine, options)
        store = leaving.enter_context(SlideStore(folder, key, engine.spec.class_ids, fresh=fresh))
        prune(folder)
        if fresh or store.notes:
            forget_rows(folder, key)
        if store.tissue is None:
            tissue = until_stopped(ctx, lambda: _find_tissue(source, options))
            require_unchanged(info.path, state)
            store.keep_tissue(tissue)
        else:
            tissue = store.tissue
        growing = _growing(info, engine, options, grid, tissue, name, store, but=UNREADABLE)
        run = MapRun(engine, store, growing, state, info.path, ctx, started)
        if growing.pending:
            with SlideReading(source, grid, engine.spec, readers=readers, ctx=ctx) as reading:
                run.go(reading, batch)
        answer = replace(growing.snapshot(store.work), notes=store.notes)
        keep_finished(folder, key, answer, state, engine)
        return answer


def look_at_source(
    source: SlideSource,
    state: FileState,
    engine: InferenceEngine,
    options: MapOptions,
    name: str | None = None,
) -> SlideMap:
    """`look_at_slide` of an open slide."""
    info = source.info
    grid = _plan(info, engine, options)
    folder, key = _folder(), _key(info, state, engine, options)
    with glimpse(folder, key, engine.spec.class_ids) as kept:
        tissue = kept.tissue or _find_tissue(source, options)
        growing = _growing(info, engine, options, grid, tissue, name, kept)
        answer = replace(growing.snapshot(kept.work), notes=kept.notes)
    if kept.tissue is None and not kept.notes:
        # So that it is there when the slide is mapped, or looked at again. Not worth an error.
        with (
            contextlib.suppress(OutputError),
            SlideStore(folder, key, engine.spec.class_ids, wait_s=0.0) as store,
        ):
            if store.tissue is None:
                store.keep_tissue(tissue)
    keep_finished(folder, key, answer, state, engine)
    return answer


def require_histology(spec: ModelSpec) -> None:
    """Raises NotCt for a model that does not read slides."""
    if spec.modality != "histology":
        raise NotCt(REASON_SENTENCES[NotCt.code])


def _growing(
    info: ImageInfo,
    engine: InferenceEngine,
    options: MapOptions,
    grid: TileGrid,
    tissue: TissueMap,
    name: str | None,
    kept: KeptMap,
    but: str = "",
) -> GrowingMap:
    """What is kept of a map, ready to grow; without tiles that were refused for the reason `but`: a drive
    that did not answer once may answer now."""
    said = display_name(info.path) if name is None else name
    growing = GrowingMap(info, options, grid, tissue, engine.spec, engine.provenance, said)
    tiles = (mapped for mapped in kept.tiles(growing.shares) if but not in mapped.tile.reasons)
    while some := list(islice(tiles, _LOADED_AT_ONCE)):
        growing.add(some)
    return growing


def _plan(info: ImageInfo, engine: InferenceEngine, options: MapOptions) -> TileGrid:
    return plan_grid(info.width, info.height, info.um_per_px, engine.spec.input, options.overlap)


def _find_tissue(source: SlideSource, options: MapOptions) -> TissueMap:
    info = source.info
    overview = source.overview(OVERVIEW_SIDE)
    return find_tissue(overview, info.width, info.height, options.tissue_threshold)


def _folder() -> Path:
    return user_data_dir() / MAPS_FOLDER


def _key(info: ImageInfo, state: FileState, engine: InferenceEngine, options: MapOptions) -> str:
    # A reader that cannot recognise a slide by its content leaves the identity empty: then it is the place.
    return kept_key(info.identity or place_of(info.path), state, engine, options)
