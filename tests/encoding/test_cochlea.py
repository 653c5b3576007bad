"""The cochlea: place, level and time in its spikes, and what it says of bad sounds."""

import pickle
import time

import joblib
import numpy as np
import pytest
import scipy.signal
import scipy.stats
import soundfile
from brian2 import Hz, kHz, ms, mV
from sklearn.base import clone

from bioplastic.encoding import Cochlea
from bioplastic.encoding._gammatone import BASILAR_RATE, GammatoneBank, erb_space
from bioplastic.encoding._nerve import hair_cells, poisson_counts
from bioplastic.errors import BioplasticError, DataError, DataNotFoundError, ParameterError

RATE = 16_000


def tone(frequency, duration=0.3, rate=RATE):
    return np.sin(2 * np.pi * frequency * np.arange(round(duration * rate)) / rate)


def noise(seed, duration=0.3):
    return np.random.default_rng(seed).standard_normal(round(duration * RATE))


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("times", "units", "offsets", "duration", "n_units")
    )


class TestBasilarMembrane:
    def test_the_filters_are_scipys_gammatones(self):
        frequencies = np.array([200.0, 1000.0, 3500.0])
        impulse = np.zeros(4000, dtype=np.float32)
        impulse[0] = 1
        (ours,) = GammatoneBank(frequencies).blocks(impulse)
        for response, frequency in zip(ours, frequencies, strict=True):
            b, a = scipy.signal.gammatone(frequency, "fir", order=4, numtaps=2000, fs=BASILAR_RATE)
            theirs = scipy.signal.lfilter(b, a, impulse)
            assert np.abs(response - theirs).max() < 0.01 * np.abs(theirs).max()

    def test_blocks_do_not_show(self):
        sound = noise(0, duration=0.9).astype(np.float32)
        bank = GammatoneBank(np.array([60.0, 1000.0]))
        whole = np.concatenate(list(bank.blocks(sound)), axis=1)
        late = np.concatenate(list(bank.blocks(sound[1000:])), axis=1)
        # 0.2 s after the later begin, the filters have forgotten which of the two it was.
        assert np.abs(whole[:, 4200:] - late[:, 3200:]).max() < 1e-4 * np.abs(whole).max()

    def test_centre_frequencies_lie_at_equal_steps_of_bandwidth(self):
        frequencies = erb_space(50, 7000, 40)
        steps = np.diff(frequencies) / (24.7 + (frequencies[1:] + frequencies[:-1]) / 2 / 9.265)
        assert frequencies[[0, -1]] == pytest.approx([50, 7000])
        assert steps == pytest.approx(steps[0], rel=0.01)


class TestCells:
    def test_the_synapse_rests_until_it_is_driven(self):
        silence = np.zeros((3, 1000), dtype=np.float32)
        (drive,) = hair_cells([silence], n_channels=3, dt=1e-4, n_sub=1)
        # Steady state of the published constants: 65 spikes/s of a fibre without sound.
        k = 2000 * 5 / 305
        rate = 50_000 * 5.05 * k / (2500 * k + 5.05 * (2500 + 6580))
        assert drive.shape == (1000, 3)
        assert drive / 1e-4 == pytest.approx(rate, rel=0.01)

    def test_the_synapse_adapts_to_its_analytic_steady_state(self):
        motion = np.full((1, 40_000), 300, dtype=np.float32)
        (drive,) = hair_cells([motion], n_channels=1, dt=1e-4, n_sub=1)
        drive = drive[:, 0] / 1e-4
        k = 2000 * 305 / 605
        steady = 50_000 * 5.05 * k / (2500 * k + 5.05 * (2500 + 6580))
        assert drive[-1] == pytest.approx(steady, rel=0.01)
        assert drive[:50].max() > 10 * steady

    @pytest.mark.statistical
    def test_counts_are_poisson(self):
        rng = np.random.default_rng(0)
        for mean in (0.02, 0.8, 4.0):
            u = rng.random(20_000, dtype=np.float32)
            counts = poisson_counts(np.full_like(u, mean), u, highest=40)
            edges = np.arange(scipy.stats.poisson.ppf(0.999, mean) + 1)
            seen = np.array([*(np.sum(counts == k) for k in edges), np.sum(counts > edges[-1])])
            law = scipy.stats.poisson(mean)
            expected = len(u) * np.array([*law.pmf(edges), law.sf(edges[-1])])
            assert scipy.stats.chisquare(seen, expected).pvalue > 1e-3


class TestHearing:
    @pytest.mark.parametrize(("frequency", "level"), [(300, 50), (1000, 50), (4000, 80)])
    def test_a_pure_tone_excites_its_place(self, frequency, level):
        cochlea = Cochlea(n_channels=64, level=level).fit([tone(frequency)])
        counts = cochlea.transform([tone(frequency)]).counts()[0]
        driven = np.flatnonzero(counts > counts.max() / 2)
        expected = np.abs(cochlea.center_frequencies_ - frequency).argmin()
        assert abs(np.median(driven) - expected) <= 3

    def test_low_tones_are_phase_locked(self):
        spikes = Cochlea(n_channels=16).transform([tone(250, duration=1.0)])
        place = spikes.counts()[0].argmax()
        phases = 2j * np.pi * 250 * spikes.times[spikes.units == place]
        assert np.abs(np.exp(phases).mean()) > 0.8

    def test_louder_sounds_give_more_spikes(self):
        sound = noise(1)
        totals = [
            len(Cochlea(n_channels=32, level=level).transform([sound]).times)
            for level in (40, 60, 80)
        ]
        assert totals[0] < totals[1] < totals[2]

    def test_loudness_counts_only_without_a_level(self):
        sounds = [0.01 * noise(1), 0.1 * noise(1)]
        levelled = Cochlea(n_channels=32).transform(sounds).counts().sum(axis=1)
        as_it_is = Cochlea(n_channels=32, level=None).transform(sounds).counts().sum(axis=1)
        assert levelled[1] == pytest.approx(levelled[0], rel=0.2)
        assert as_it_is[1] > 2 * as_it_is[0]

    def test_the_onset_is_stronger_than_what_follows(self):
        spikes = Cochlea(n_channels=64).transform([noise(2, duration=0.5)])
        rate = np.histogram(spikes.times, bins=50, range=(0, 0.5))[0]
        assert rate[:3].max() > 1.5 * rate[20:].mean()

    def test_a_window_fades_in_and_out(self):
        spikes = Cochlea(n_channels=64, window="hann").transform([noise(2, duration=0.5)])
        rate = np.histogram(spikes.times, bins=5, range=(0, 0.5))[0]
        assert rate[0] < 0.5 * rate[2] > rate[4]

    def test_refractory_cells_keep_their_distance(self):
        spikes = Cochlea(n_channels=8, level=90, tau_refractory=3 * ms).transform([noise(3)])
        gaps = [np.diff(spikes.times[spikes.units == unit]).min() for unit in range(8)]
        assert min(gaps) > 3e-3

    def test_it_hears_faster_than_real_time(self):
        cochlea, sounds = Cochlea(n_channels=64), [noise(4, duration=2.0)]
        cochlea.transform([noise(4)])
        start = time.process_time()
        cochlea.transform(sounds)
        assert time.process_time() - start < 2.0


class TestOneSoundOneAnswer:
    def test_alone_or_in_company_in_any_order(self):
        sounds = [noise(1), noise(2, duration=0.71), tone(440)]
        cochlea = Cochlea(n_channels=24)
        together = cochlea.transform(sounds)
        backwards = cochlea.transform(sounds[::-1])
        for k, sound in enumerate(sounds):
            assert same(cochlea.transform([sound]), together[k])
            assert same(backwards[2 - k], together[k])

    def test_with_several_jobs(self):
        sounds = [noise(seed, duration=0.05) for seed in range(3)]
        one = Cochlea(n_channels=8).transform(sounds)
        shared = pickle.loads(pickle.dumps(Cochlea(n_channels=8, n_jobs=2)))
        # Threads, because new processes would take seconds to import what they need.
        with joblib.parallel_config(backend="threading"):
            assert same(shared.transform(sounds), one)

    def test_the_seed_chooses_the_noise(self):
        first, second = (
            Cochlea(n_channels=24, random_state=seed).transform([noise(1)]) for seed in (0, 1)
        )
        assert not same(first, second)
        assert len(second.times) == pytest.approx(len(first.times), rel=0.1)

    def test_without_a_seed_calls_differ(self):
        cochlea = Cochlea(n_channels=24, random_state=None)
        assert not same(cochlea.transform([noise(1)]), cochlea.transform([noise(1)]))

    def test_as_integers_and_from_wav_and_flac(self, tmp_path):
        pcm = np.round(tone(500) * 20_000).astype(np.int16)
        for kind in ("wav", "flac"):
            soundfile.write(tmp_path / f"tone.{kind}", pcm, RATE)
        paths = [tmp_path / "tone.wav", str(tmp_path / "tone.flac")]
        spikes = Cochlea(n_channels=16).transform([pcm, pcm / 32768, *paths])
        assert all(same(spikes[k], spikes[0]) for k in (1, 2, 3))

    def test_parameters_survive_get_params_and_clone(self):
        cochlea = Cochlea(n_channels=12, sample_rate=8 * kHz, f_min=100 * Hz, level=None)
        copy = clone(cochlea)
        assert copy.get_params() == cochlea.get_params()
        assert same(
            copy.transform([tone(500, rate=8000)]), cochlea.transform([tone(500, rate=8000)])
        )


class TestRates:
    def test_a_file_of_another_rate_sounds_alike(self, tmp_path):
        soundfile.write(tmp_path / "tone.wav", 0.5 * tone(300, rate=44_100), 44_100)
        cochlea = Cochlea(n_channels=64, level=80)
        spikes = cochlea.transform([tmp_path / "tone.wav", tone(300)])
        assert spikes.duration == pytest.approx([0.3, 0.3])
        first, second = spikes.counts()
        assert abs(first.argmax() - second.argmax()) <= 1
        assert first.sum() == pytest.approx(second.sum(), rel=0.2)

    def test_arrays_of_another_rate_by_parameter(self):
        cochlea = Cochlea(n_channels=32, sample_rate=8 * kHz).fit([tone(1000, rate=8000)])
        counts = cochlea.transform([tone(1000, rate=8000)]).counts()[0]
        assert cochlea.center_frequencies_[counts.argmax()] == pytest.approx(1000, rel=0.1)

    def test_the_highest_channel_stays_below_half_the_rate(self):
        highest = [
            Cochlea(sample_rate=rate * kHz).fit([tone(100)]).center_frequencies_[-1]
            for rate in (8, 16, 48)
        ]
        assert highest == pytest.approx([3600, 7000, 7000])

    def test_stereo_files_are_averaged(self, tmp_path):
        sides = np.stack([0.5 * tone(500), 0.25 * tone(2000)], axis=1)
        soundfile.write(tmp_path / "stereo.wav", sides, RATE, subtype="DOUBLE")
        spikes = Cochlea(n_channels=16).transform([tmp_path / "stereo.wav", sides.mean(axis=1)])
        assert same(spikes[0], spikes[1])


class TestSilence:
    @pytest.mark.parametrize("level", [70.0, None])
    @pytest.mark.parametrize("value", [0.0, 0.1, -3.7])
    def test_it_gives_an_empty_sample(self, level, value):
        spikes = Cochlea(n_channels=16, level=level).transform([np.full(8000, value), noise(1)])
        assert spikes.shape == (2, 16)
        assert spikes.duration[0] == 0.5
        assert np.diff(spikes.offsets)[0] == 0 < np.diff(spikes.offsets)[1]


class TestBadSounds:
    def test_rates_that_are_no_sounds(self, tmp_path):
        # Brought to 16 kHz, an hour would take 16,000 times its memory.
        for n, rate in ((3600, 1), (900, 2)):
            soundfile.write(tmp_path / "x.wav", np.ones(n) / 2, rate, subtype="PCM_U8")
            self.refuse([tmp_path / "x.wav"], f"claims {n:,} frames at {rate} Hz")
        with pytest.raises(DataError, match=r"has a sample rate of 4e\+08 Hz"):
            Cochlea(sample_rate=4e8 * Hz).transform([np.arange(4e6)])

    def test_a_flac_that_unpacks_to_far_more(self, tmp_path):
        soundfile.write(tmp_path / "x.flac", np.zeros(10**7), 16_000)
        self.refuse([tmp_path / "x.flac"], "claims 10,000,000 frames at 16000 Hz, more than a file")

    def test_a_name_that_says_nothing_of_the_format(self, tmp_path):
        (tmp_path / "x.raw").write_bytes(bytes(1000))
        self.refuse([tmp_path / "x.raw"], "cannot be read as sound")

    def refuse(self, sounds, message, error=DataError):
        with pytest.raises(error, match=message):
            Cochlea(n_channels=8).transform(sounds)

    def test_a_damaged_file(self, tmp_path):
        (tmp_path / "bad.wav").write_bytes(b"RIFF\x00\x00 this is no sound")
        self.refuse([tone(500), tmp_path / "bad.wav"], r"sound 1 \(.*bad.wav\) cannot be read")

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "empty.flac").touch()
        self.refuse([tmp_path / "empty.flac"], "cannot be read as sound")

    def test_a_missing_file(self, tmp_path):
        self.refuse([tmp_path / "no.wav"], "no.wav.* is not a file", DataNotFoundError)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_number_that_is_none(self, bad):
        sound = tone(500)
        sound[7] = bad
        self.refuse([tone(500), sound], "sound 1 must be finite, sample 7 is")

    @pytest.mark.parametrize("n_samples", [0, 1, 159])
    def test_too_short(self, n_samples):
        self.refuse([tone(500)[:n_samples]], "at least 10 ms, got .* samples at 16000 Hz")

    def test_the_shortest_that_goes(self):
        assert Cochlea(n_channels=8).transform([tone(500)[:160]]).duration == [0.01]

    def test_a_stereo_array(self):
        self.refuse([np.zeros((2, 800))], r"one dimension, got shape \(2, 800\).*mean")

    def test_other_types(self):
        self.refuse([np.zeros(800, dtype=np.uint8)], "signed integers, got uint8")
        self.refuse([tone(500) + 0j], "real numbers")
        self.refuse([["a", "b"]], "real numbers")
        self.refuse([[[1.0], [1.0, 2.0]]], "row of numbers")

    def test_not_a_list(self, tmp_path):
        self.refuse(tone(500), r"shape \(4800,\); give \[sound\]")
        self.refuse(str(tmp_path / "a.wav"), "got one path; give")
        self.refuse(3, "must be a list of sounds, got 3")
        self.refuse([], "at least one sound, got none")

    def test_a_two_dimensional_array_is_many_sounds(self):
        assert Cochlea(n_channels=8).transform(np.stack([tone(500)] * 3)).shape == (3, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_channels": 0}, "n_channels: must be a whole number"),
        ({"n_channels": 2.5}, "n_channels: must be a whole number"),
        ({"sample_rate": 16_000}, "sample_rate: must have the unit of"),
        ({"sample_rate": 0 * Hz}, "sample_rate: must be one finite value > 0"),
        ({"f_max": 8 * kHz}, "f_max: must be at most 7200 Hz at the sample rate of 16000 Hz"),
        ({"f_max": 5 * kHz, "sample_rate": 8 * kHz}, "f_max: must be at most 3600 Hz"),
        ({"f_min": 7.1 * kHz}, "f_min: must be below f_max"),
        ({"level": "loud"}, "level: must be a number"),
        ({"level": np.nan}, "level: must be a number"),
        ({"window": "hamming"}, "window: must be 'hann' or None, got 'hamming'"),
        ({"n_fibres": 0}, "n_fibres"),
        ({"weight": -1}, "weight"),
        ({"tau_membrane": 1 * mV}, "tau_membrane: must have the unit of"),
        ({"tau_synapse": 0 * ms}, "tau_synapse: must be one finite value > 0"),
    ],
)
def test_bad_parameters_are_named(settings, message):
    for method in ("fit", "transform"):
        with pytest.raises(ParameterError, match=message) as caught:
            getattr(Cochlea(**settings), method)([tone(500)])
        assert isinstance(caught.value, BioplasticError)
