"""The web form against a student's: Flask, one `model.predict` per request, in one run.

    python -m benchmarks.serve [--images FOLDER] [--requests 400] [--rounds 3] [--pack ID] [--flask FOLDER]

Both get the same JPEG files over real sockets, from a client of its own process, with one and with eight
requests at a time. The Flask program does what such demonstrations do: reads the upload with OpenCV, resizes
it and calls `model.predict` on the pack's own Keras model, on Flask's own threaded server. The processor's
time per request is printed beside the rates: on a machine that does other things too it says more. Needs
TensorFlow, and Flask, which is no dependency of this project: `pip install --target FOLDER flask`, then
`--flask FOLDER`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from lungviewer.core.paths import pack_dirs
from lungviewer.packs.store import load_pack, resolve_pack
from lungviewer.services.samples import write_samples

FLASK = """
import sys
import cv2, keras, numpy as np
from flask import Flask, jsonify, request
size = int(sys.argv[2])
classes = sys.argv[4:]
model = keras.models.load_model(sys.argv[1], compile=False)
model.predict(np.zeros((1, size, size, 3), np.uint8), verbose=0)  # the first call compiles
app = Flask(__name__)

@app.post("/predict")
def predict():
    data = np.frombuffer(request.files["file"].read(), np.uint8)
    picture = cv2.resize(cv2.imdecode(data, cv2.IMREAD_COLOR), (size, size))
    found = model.predict(picture[None], verbose=0)
    numbers = (found[0] if isinstance(found, (list, tuple)) else found).ravel()[: len(classes)]
    best = int(np.argmax(numbers))
    every = {name: float(value) for name, value in zip(classes, numbers)}
    return jsonify(prediction=classes[best], confidence=float(numbers[best]), all_predictions=every)

app.run(port=int(sys.argv[3]), threaded=True)
"""

# A plain client on plain sockets, so that it costs little beside the servers that it asks.
CLIENT = """
import http.client, sys, threading, time
port, at_once, total = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
head = b'--b\\r\\nContent-Disposition: form-data; name="file"; filename="a.jpg"\\r\\n\\r\\n'
bodies = [head + open(path, "rb").read() + b"\\r\\n--b--\\r\\n" for path in sys.argv[4:]]
kind = {"Content-Type": "multipart/form-data; boundary=b"}
numbers, lock, seconds = iter(range(total)), threading.Lock(), []

def ask():
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return line.close()
        began = time.perf_counter()
        line.request("POST", "/predict", bodies[number % len(bodies)], kind)
        answer = line.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        seconds.append(time.perf_counter() - began)

began = time.perf_counter()
threads = [threading.Thread(target=ask) for _ in range(at_once)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took = time.perf_counter() - began
assert len(seconds) == total
seconds.sort()
print(total / took, 1000 * seconds[total // 2], 1000 * seconds[int(total * 0.95)])
"""
FLASK_PORT = 8766


@dataclass(frozen=True)
class Server:
    port: int
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Spent so far, by all processors together."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=Path, help="folder of JPEGs (default: synthetic ones, 768×768)")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--plain-requests", type=int, default=80, help="of the Flask program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pack")
    parser.add_argument("--flask", type=Path, help="where Flask was installed to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = pictures(options.images, Path(folder))
        path = resolve_pack(options.pack, pack_dirs())
        found: dict[tuple[str, int], list[list[float]]] = {}
        for _ in range(options.rounds):  # in turn, so that a drifting machine is fair to both
            with flask_program(path, options.flask) as server:
                measure(found, "Flask, model.predict", server, options.plain_requests, files)
            for precision in load_pack(path).precisions:
                with web_form(path, precision) as server:
                    measure(found, f"lungviewer serve, {precision}", server, options.requests, files)
    report(found)


def measure(
    found: dict[tuple[str, int], list[list[float]]], name: str, server: Server, total: int, files: list[Path]
) -> None:
    ask(server.port, 1, 20, files)  # warm
    for at_once in (1, 8):
        before = server.processor_seconds()
        told = ask(server.port, at_once, total, files)
        spent = server.processor_seconds() - before
        found.setdefault((name, at_once), []).append([*told, 1000 * spent / total])


def ask(port: int, at_once: int, total: int, files: list[Path]) -> list[float]:
    """Requests per second, and the median and 95th percentile of their milliseconds."""
    command = [sys.executable, "-c", CLIENT, str(port), str(at_once), str(total), *map(str, files)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(word) for word in said.split()]


def report(found: dict[tuple[str, int], list[list[float]]]) -> None:
    middle = {key: np.median(np.array(rows), axis=0) for key, rows in found.items()}
    for (name, at_once), (rate, half, most, work) in middle.items():
        base = middle["Flask, model.predict", at_once]
        rates = [row[0] for row in found[name, at_once]]
        print(
            f"{name:22} {at_once} at once: {rate:6.1f} requests/s ({min(rates):.1f} to {max(rates):.1f}), "
            f"{half:5.0f} ms median, {most:5.0f} ms 95 %, {rate / base[0]:4.1f} × Flask; "
            f"{work:5.1f} ms of the processor, {base[3] / work:4.1f} × less"
        )


def pictures(source: Path | None, work: Path) -> list[Path]:
    if source is None:
        write_samples(work / "drawn", count_per_kind=10, size=768)
        source = work / "drawn"
    return sorted(p for p in source.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[:60]


@contextlib.contextmanager
def flask_program(pack: Path, site: Path | None) -> Iterator[Server]:
    """The demonstration's server, in a process of its own."""
    spec = load_pack(pack).spec
    arguments = [str(pack / "model.keras"), str(spec.input.size), str(FLASK_PORT), *spec.class_ids]
    path = os.pathsep.join(filter(None, [str(site) if site else "", os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}
    command = [sys.executable, "-c", FLASK, *arguments]
    with running(command, environment, r"Running on http://127\.0\.0\.1:(\d+)") as server:
        yield server


@contextlib.contextmanager
def web_form(pack: Path, precision: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "lungviewer", "serve", "--port", "0", "--quiet"]
    command += ["--pack", str(pack), "--precision", precision]
    with running(command, dict(os.environ), r"http://127\.0\.0\.1:(\d+)") as server:
        yield server


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], ready: str) -> Iterator[Server]:
    """A server, from the line that tells its port until the end of the context."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            found = None
            while found is None:
                time.sleep(0.05)
                text = os.pread(said.fileno(), 1 << 20, 0).decode("utf-8", "replace")
                found = re.search(ready, text)
                if process.poll() is not None:
                    raise SystemExit(f"The server did not start:\n{text}")
            yield Server(int(found[1]), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
