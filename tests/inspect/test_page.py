"""The page of a training: what is in it, that it loads nothing, and that it works in a browser."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest

from bioplastic.errors import ParameterError, StorageError
from bioplastic.inspect._recording_layout import Layout, RecordedProjection
from bioplastic.inspect.recording import PlasticityRecording

pytest.importorskip("bokeh")

SAMPLES = np.array([-1, 9, 19, 29, 39])
NONE = np.zeros(0, dtype=np.int64)


def recording_of(
    *, n_pre=16, n_post=6, neurons=None, samples=SAMPLES, times=(0.35,), listed=False, roles=None
):
    """Make a recording without a run: weights that grow, one neuron more active."""
    rng = np.random.default_rng(0)
    neurons = np.arange(n_post) if neurons is None else np.asarray(neurons)
    roles = {"weights", "thresholds", "traces", "rates"} if roles is None else roles
    n_points = len(samples) * len(times)
    i, j = NONE, NONE
    if listed:
        pairs = np.argwhere(rng.random((n_pre, n_post)) < 0.4)
        i, j = pairs[np.isin(pairs[:, 1], neurons)].T
    n_synapses = len(i) if listed else n_pre * len(neurons)
    growth = np.linspace(0.2, 1.0, n_points)[:, None]
    columns = {
        "in_to_out.w": growth * rng.random(n_synapses),
        "out.theta": 0.02 + 0.001 * np.arange(n_post) * growth,
        "in.x": np.tile(np.exp(-np.tile(times, len(samples)) / 0.02)[:, None], (1, n_pre)),
        "out.y": np.outer(np.tile(times, len(samples)), np.arange(n_post)),
    }
    kinds = {"in_to_out.w": "weights", "out.theta": "thresholds", "in.x": "traces"}
    kinds["out.y"] = "traces"
    kinds = {name: kind for name, kind in kinds.items() if kind in roles}
    projection = RecordedProjection(
        pre="in",
        post="out",
        wiring="listed" if listed else "all_to_all",
        n_pre=n_pre,
        n_post=n_post,
        neurons=neurons,
        i=i,
        j=j,
    )
    layout = Layout(
        populations={"in": n_pre, "out": n_post},
        projections={"in_to_out": projection},
        watched=("out",) if "rates" in roles else (),
        roles=kinds,
        widths={name: columns[name].shape[1] for name in kinds},
    )
    seconds = np.repeat(np.diff(samples, prepend=samples[0]) * 0.5, len(times))
    stored = {f"variables/{name}": columns[name].astype(np.float32) for name in kinds}
    stored |= {
        "samples": np.repeat(samples, len(times)),
        "times": np.tile(np.asarray(times), len(samples)),
        "seconds": seconds,
    }
    if "rates" in roles:
        rates = np.repeat(np.arange(len(samples)), len(times))[:, None] * np.ones(n_post)
        rates[:, n_post // 3] += 10
        rates[seconds == 0] = np.nan
        stored["rates"] = rates.astype(np.float32)
    return PlasticityRecording(layout, stored)


class Elements(HTMLParser):
    """Collects start tags, and the text of elements that have an id."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self._stack = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._stack.append(dict(attrs).get("id"))

    def handle_endtag(self, tag):
        if self._stack:
            self._stack.pop()

    def handle_data(self, data):
        if self._stack and self._stack[-1]:
            self.texts[self._stack[-1]] = self.texts.get(self._stack[-1], "") + data


def numbers_of(path):
    return json.loads(Elements(path.read_text(encoding="utf-8")).texts["plasticity"])


def unpacked(packed):
    """Read numbers as the notes of the page's writer describe them."""
    data = zlib.decompress(base64.b64decode(packed["data"]))
    if packed["type"] == "float32":
        return np.frombuffer(data, "<f4").reshape(packed["shape"])
    changes = np.frombuffer(data, np.uint8).reshape(packed["shape"])
    levels = np.cumsum(changes, axis=0, dtype=np.uint8)
    scale = (packed["high"] - packed["low"]) / 254
    return np.where(levels == 255, np.nan, packed["low"] + scale * levels)


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    """Settings of the browser, which takes seconds to make new ones."""
    return tmp_path_factory.mktemp("chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return recording_of().write_page(tmp_path_factory.mktemp("page") / "page.html")


# ----------------------------------------------------------------------------- what is in it


def test_weights_come_back_within_half_a_level(page):
    recording, numbers = recording_of(), numbers_of(page)
    weights = recording.weights()
    step = weights.max() / 254
    read = unpacked(numbers["weights"])
    assert read.shape == (5, 6, 16)
    assert np.abs(read - weights.transpose(0, 2, 1)).max() <= step / 2 + 1e-7
    assert numbers["done"] == [0, 10, 20, 30, 40]
    assert f"in steps of {step:.2g}" in page.read_text(encoding="utf-8")


def test_courses_and_histogram_are_those_of_the_recording(page):
    recording, numbers = recording_of(), numbers_of(page)
    courses = {key: unpacked(packed) for key, packed in numbers["courses"].items()}
    weights = recording.weights()
    np.testing.assert_allclose(courses["weight"], np.median(weights, axis=1), rtol=1e-6)
    change = np.abs(np.diff(weights, axis=0)).mean(axis=1) / 10
    np.testing.assert_allclose(courses["change"][1:], change, rtol=1e-4)
    assert np.isnan(courses["change"][0]).all()
    np.testing.assert_allclose(courses["threshold"], 1e3 * recording.thresholds(), rtol=1e-6)
    np.testing.assert_allclose(courses["rate"], recording.rates, rtol=1e-6)
    share = unpacked(numbers["share"])
    np.testing.assert_allclose(share.sum(axis=1), 100, rtol=1e-5)
    expected = np.histogram(weights[3], 50, (0, weights.max()))[0] / weights[3].size
    np.testing.assert_allclose(share[3], 100 * expected, rtol=1e-5)


def test_fewer_moments_span_the_training_and_keep_all_spikes(tmp_path):
    recording = recording_of()
    path = recording.write_page(tmp_path / "page.html", max_moments=3)
    numbers = numbers_of(path)
    assert numbers["done"] == [0, 20, 40]
    rates = unpacked(numbers["courses"]["rate"])
    # Two intervals of one length: the mean of their rates.
    np.testing.assert_allclose(rates[1], recording.rates[1:3].mean(axis=0))
    np.testing.assert_allclose(rates[2], recording.rates[3:5].mean(axis=0))
    assert np.isnan(rates[0]).all()


def test_chosen_neurons_are_shown_in_their_order(tmp_path):
    recording = recording_of(neurons=[1, 2, 4])
    path = recording.write_page(tmp_path / "page.html", neurons=[4, 1])
    numbers = numbers_of(path)
    assert numbers["neurons"] == [4, 1]
    weights = recording.weights()[:, :, [2, 0]].transpose(0, 2, 1)
    np.testing.assert_allclose(unpacked(numbers["weights"]), weights, atol=1 / 508 + 1e-7)
    theta = 1e3 * recording.thresholds()[:, [4, 1]]
    np.testing.assert_allclose(unpacked(numbers["courses"]["threshold"]), theta, rtol=1e-6)
    path = recording.write_page(path, max_neurons=2, overwrite=True)
    assert numbers_of(path)["neurons"] == [1, 2]


def test_traces_lie_within_the_sample_of_each_moment(tmp_path):
    times = np.arange(1, 11) * 0.01
    recording = recording_of(times=times)
    numbers = numbers_of(recording.write_page(tmp_path / "page.html"))
    assert numbers["done"] == [0, 10, 20, 30, 40]
    pre, post = numbers["traces"]
    np.testing.assert_allclose(unpacked(pre["mean"])[3], np.exp(-times / 0.02), rtol=1e-6)
    assert pre["own"] is None
    np.testing.assert_allclose(
        unpacked(post["own"])[2], np.outer(times, np.arange(6)), atol=0.5 / 508 + 1e-7
    )
    # The last moment of each sample is the one whose weights are shown.
    last = recording.weights()[9::10].transpose(0, 2, 1)
    np.testing.assert_allclose(unpacked(numbers["weights"]), last, atol=1 / 508 + 1e-7)


def test_sparse_weights_without_an_image_are_a_matrix(tmp_path):
    recording = recording_of(n_pre=10, listed=True, roles={"weights"})
    path = recording.write_page(tmp_path / "page.html")
    numbers = numbers_of(path)
    assert (numbers["tile"], numbers["grid"]) == ([10, 1], [1, 6])
    matrix = np.stack([recording.weight_matrix(k) for k in range(5)]).transpose(0, 2, 1)
    read = unpacked(numbers["weights"])
    np.testing.assert_array_equal(np.isnan(read), np.isnan(matrix))
    np.testing.assert_allclose(read, matrix, atol=1 / 508 + 1e-7)
    assert list(numbers["courses"]) == ["weight", "change"]
    text = path.read_text(encoding="utf-8")
    assert 'id="rate-now"' not in text
    assert 'id="traces"' not in text


def test_one_moment_is_enough(tmp_path):
    recording = recording_of(samples=np.array([-1]))
    numbers = numbers_of(recording.write_page(tmp_path / "page.html", shape=(2, 8)))
    assert numbers["done"] == [0]
    assert numbers["tile"] == [2, 8]


def test_headline_and_facts_say_what_was_recorded(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert "<h1>How 6 neurons (out) learned from 40 samples</h1>" in text
    assert "in_to_out, from in to out, all to all; 96 synapses recorded, onto 6 of 6" in text
    assert "40 samples, 20 s of simulated time" in text
    title = "a</title><script>alert(1)</script>"
    path = recording_of().write_page(tmp_path / "page.html", title=title)
    assert "<script>alert" not in path.read_text(encoding="utf-8")


def test_the_page_loads_nothing_and_is_small(page):
    elements = Elements(page.read_text(encoding="utf-8"))
    assert not [tag for tag, _ in elements.tags if tag in {"link", "iframe", "img", "object"}]
    for _, attributes in elements.tags:
        assert not {"src", "href", "srcset", "data", "action"} & set(attributes)
    policies = [a["content"] for _, a in elements.tags if "content-security-policy" in
                (a.get("http-equiv") or "").lower()]  # fmt: skip
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none';")
    assert "http" not in policies[0]
    assert not re.search(r"@import|url\(", elements.texts.get("style", ""))
    assert page.stat().st_size < 1.7e6


@pytest.mark.slow
def test_a_network_of_usual_size_gives_a_page_of_a_few_megabytes(tmp_path):
    # Noise is the worst case: nothing of it can be packed.
    recording = recording_of(n_pre=784, n_post=100, samples=np.arange(-1, 300, 5))
    w = recording.variables["in_to_out.w"]
    w[:] = np.random.default_rng(1).random(w.shape, dtype=np.float32)
    path = recording.write_page(tmp_path / "page.html")
    assert numbers_of(path)["weights"]["shape"] == [60, 100, 784]
    assert path.stat().st_size < 8.2e6


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (3, 5)}, "write_page.shape: must be (height, width)"),
        ({"neurons": [0, 6]}, "write_page.neurons: must be neurons whose weights"),
        ({"neurons": []}, "write_page.neurons: must be neurons whose weights"),
        ({"max_moments": 0}, "write_page.max_moments: must be a whole number at least 1"),
        ({"max_neurons": 2.5}, "write_page.max_neurons: must be a whole number at least 1"),
        ({"projection": "nowhere"}, "must be one of 'in_to_out', got 'nowhere'"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path, options, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        recording_of().write_page(tmp_path / "page.html", **options)
    assert not list(tmp_path.iterdir())


def test_files_are_not_replaced_unasked(page):
    with pytest.raises(ParameterError, match="path: must not exist"):
        recording_of().write_page(page)
    before = page.stat().st_mtime_ns
    with pytest.raises(StorageError, match="cannot write"):
        recording_of().write_page(page / "page.html")
    assert page.stat().st_mtime_ns == before
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]


def test_a_recording_without_weights_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="none were recorded"):
        recording_of(roles={"rates"}).write_page(tmp_path / "page.html")


def test_without_bokeh_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'bioplastic[page]'")):
        recording_of().write_page(tmp_path / "page.html")


# ------------------------------------------------------------------------------- in a browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on PATH")

#: What a reader does, and what the page then says of itself.
READER = """
<script>
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
(async () => {
  const said = [], body = document.body;
  const note = () => said.push(`${body.dataset.moment}/${body.dataset.neuron}`);
  const press = (key) => {
    body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    note();
  };
  const click = async (name, across, down) => {
    const view = Object.values(Bokeh.index.roots).find((its) => its.model.name === name);
    const target = view.canvas_view.events_el, box = target.getBoundingClientRect();
    const x = box.left + view.frame.bbox.left + across * view.frame.bbox.width;
    const y = box.top + view.frame.bbox.top + down * view.frame.bbox.height;
    for (const [kind, buttons] of [["pointerdown", 1], ["pointerup", 0]]) {
      target.dispatchEvent(new PointerEvent(kind, {
        clientX: x, clientY: y, pointerId: 1, pointerType: "mouse", isPrimary: true,
        bubbles: true, cancelable: true, composed: true, button: 0, buttons,
      }));
    }
    await wait(600);  // Bokeh waits for a second click
    note();
  };
  while (body.dataset.ready !== "true") await wait(50);
  ["ArrowLeft", "Home", "ArrowLeft", "ArrowRight", "End"].forEach(press);
  const slider = document.getElementById("moment");
  slider.value = 3;
  slider.dispatchEvent(new Event("input"));
  note();
  await click("fields", 0.9, 0.1);
  await click("rate-course", 0.26, 0.5);
  await click("threshold-now", 0.14, 0.5);
  press("Escape");
  press("Home");
  document.getElementById("play").click();
  await wait(650);
  note();
  await wait(1500);
  note();
  body.dataset.said = said.join(" ");
})();
</script>
</body>"""


def in_browser(path, address="", *, profile):
    """Return the page's state after it was drawn, as attributes and texts, and its errors."""
    # Chromium refuses its sandbox to root, the usual user of a container.
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={profile}", "--window-size=1300,1900", "--virtual-time-budget=10000",
        "--dump-dom", path.as_uri() + address,
    ]  # fmt: skip
    for _ in range(3):  # on a busy machine it hangs now and then, with all of its children
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            start_new_session=True,
        ) as browser:  # fmt: skip
            try:
                page, log = browser.communicate(timeout=60)
                break
            except subprocess.TimeoutExpired:
                os.killpg(browser.pid, signal.SIGKILL)
    else:
        pytest.fail("Chromium hung three times")
    elements = Elements(page)
    body = next(attributes for tag, attributes in elements.tags if tag == "body")
    console = [line for line in log.splitlines() if "CONSOLE" in line]
    errors = [line for line in console if "[bokeh" not in line or "rror" in line]
    return body, elements.texts, errors


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "moment", "neuron", "state"),
    [
        ("", "5", "", "after 40 samples (moment 5 of 5)"),
        ("#moment=1", "1", "", "before the first sample (moment 1 of 5)"),
        ("#moment=2&neuron=4", "2", "4", "after 10 samples (moment 2 of 5)"),
        ("#moment=99&neuron=77", "5", "", "after 40 samples (moment 5 of 5)"),
    ],
)
def test_the_address_is_the_view(page, profile, address, moment, neuron, state):
    body, texts, errors = in_browser(page, address, profile=profile)
    assert errors == []
    assert body["data-ready"] == "true"
    assert (body["data-moment"], body["data-neuron"]) == (moment, neuron)
    assert texts["state"] == state
    title = texts["neuron-title"]
    assert title == (f"Neuron {neuron}, after 10 samples" if neuron else "No neuron chosen")


@needs_chromium
def test_a_reader_can_move_play_and_choose(tmp_path, profile):
    path = tmp_path / "page.html"
    recording_of(times=(0.1, 0.2, 0.3)).write_page(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", READER), encoding="utf-8")
    body, _, errors = in_browser(path, profile=profile)
    assert errors == []
    keys = "4/ 1/ 1/ 2/ 5/"
    # Field 2 of 3 in the first row; the moment at a quarter; the lowest of six thresholds.
    clicks = "3/2 2/2 2/0"
    assert body["data-said"] == f"{keys} 3/ {clicks} 2/ 1/ 3/ 5/"


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"samples": np.array([-1])},
        {"n_pre": 10, "listed": True, "roles": {"weights"}},
        {"n_post": 1},
        {"times": (0.1, 0.2), "neurons": [2, 5]},
    ],
)
def test_unusual_recordings_are_drawn_too(tmp_path, profile, options):
    path = recording_of(**options).write_page(tmp_path / "page.html")
    body, _, errors = in_browser(path, profile=profile)
    assert errors == []
    assert body["data-ready"] == "true"
