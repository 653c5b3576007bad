"""How threads may share out generated code: whose neuron, whose synapse, or one for all."""

import re

import pytest

from bioplastic.engine.cuda_kernels import Layout, Sum, kernel_of

READ_W = "const double w = _ptr_w[_idx];"
J = "const int32_t _postsynaptic_idx = _ptr_array_s__synaptic_post[_idx];"
READ_G = "double g_post = _ptr_g[_postsynaptic_idx];"
WRITE_G = "_ptr_g[_postsynaptic_idx] = g_post;"


def kernel(*vector, scalar=()):
    return kernel_of(scalar, vector, {}, str, str)


class TestWhatAThreadHasForItsOwn:
    def test_a_neuron(self):
        found = kernel("double v = _ptr_v[_idx];", "v = 0;", "_ptr_v[_idx] = v;")
        assert found.side == "synapse"
        assert found.written == {"_ptr_v"}

    def test_a_synapse_that_reads_neurons(self):
        assert kernel(
            J, "const double v = _ptr_v[_postsynaptic_idx];", "_ptr_w[_idx] = v;"
        ).side == ("synapse")

    def test_all_synapses_of_a_neuron_that_they_write_to(self):
        found = kernel(J, READ_G, READ_W, "g_post += w;", WRITE_G)
        assert found.side == "post"
        assert found.sums == [Sum("_ptr_g", "g_post")]
        back = kernel(
            "double x_pre = _ptr_x[_presynaptic_idx];", "_ptr_x[_presynaptic_idx] = x_pre;"
        )
        assert back.side == "pre"

    @pytest.mark.parametrize(
        "more",
        [
            ["_ptr_x[_presynaptic_idx] = 1;"],  # on both sides
            ["const double g_pre = _ptr_g[_presynaptic_idx];"],  # while others are looking
            ["_ptr_s[0] = 1;"],  # one place for all
        ],
    )
    def test_everything_where_threads_would_meet(self, more):
        assert kernel(J, READ_G, "g_post += 1;", *more, WRITE_G).side == "serial"


class TestSums:
    @pytest.mark.parametrize("add", ["g_post += 0.001 * w;", "g_post -= w;"])
    def test_are_begun_at_zero_and_kept_by_the_synapse(self, add):
        found = kernel(J, READ_G, READ_W, add, WRITE_G, "_ptr_w[_idx] = w;")
        assert found.adding() == [
            J,
            "double g_post = 0.0;",
            READ_W,
            add,
            "_ptr_w[_idx] = w;",
        ]

    def test_of_several_variables(self):
        other = [line.replace("g", "h") for line in (READ_G, "g_post += 1;", WRITE_G)]
        found = kernel(J, READ_G, "g_post += 1;", WRITE_G, *other)
        assert [s.pointer for s in found.sums] == ["_ptr_g", "_ptr_h"]

    @pytest.mark.parametrize(
        "code",
        [
            "g_post = w;",
            "g_post *= 2;",
            "g_post += w * g_post;",
            "x = g_post;",
            "g_post += 1; y = g_post;",
        ],
    )
    def test_are_nothing_else(self, code):
        assert kernel(J, READ_G, READ_W, code, WRITE_G).sums == []


def test_what_is_shared_is_set_once_and_seen_by_all_as_it_will_be():
    scalar = ["double n = _ptr_n[0];", "n += 1;", "_ptr_n[0] = n;"]
    found = kernel(READ_W, "_ptr_w[_idx] = w/n;", scalar=scalar)
    assert found.head[-2:] == scalar[:2]
    assert found.shared[-3:] == scalar
    assert found.side == "synapse"


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("kind", ["all_to_all", "one_to_one", "all_but_one"])
def test_places_of_synapses(kind, lanes):
    n_pre, n_post = (4, 3) if kind == "all_to_all" else (4, 4)
    n = {"_n_of_a": n_pre, "_n_of_b": n_post}
    layout = Layout("s", kind, *n, "1" if lanes == 1 else "_n_lanes")
    pairs = {
        "all_to_all": [(i, j) for i in range(n_pre) for j in range(n_post)],
        "one_to_one": [(i, i) for i in range(n_pre)],
        "all_but_one": [(i, j) for i in range(n_pre) for j in range(n_post) if i != j],
    }[kind]
    assert eval(layout.n_synapses, n) == len(pairs)
    for lane in range(lanes):
        for shared, (i, j) in enumerate(pairs):
            idx = lane * len(pairs) + shared
            of_pair = {"_i": lane * n_pre + i, "_j": lane * n_post + j}
            assert run(f"lane = {layout.lane('_i', '_n_of_a')}", of_pair | n)["lane"] == lane
            of_pair["_lane"] = lane
            found = run(layout.place, of_pair | n)
            assert (found["_idx"], found["_shared"]) == (idx, shared)
            found = run(layout.neurons, {"_lane": lane, "_shared": shared} | n)
            assert {**of_pair, "_idx": idx}.items() <= found.items()


def run(code, known):
    """Run declarations of C++ with whole numbers, and return what is known then."""
    known = dict(known)
    code = re.sub(r"const u?int\d+_t |\(u?int\d+_t\)", "", code).replace("/", "//")
    for statement in re.split(r";|, (?=_)", code):
        if statement.strip():
            exec(statement.strip(), {}, known)
    return known
